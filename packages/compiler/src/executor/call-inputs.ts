import {
  type DeviceTensor,
  type ParameterLayout,
  PolytaskError,
  type Program,
  type ProgramCall,
  type Segment,
} from '@polytask/core';
import type { HostArray } from './compile-graph.js';
import { checked, type DeviceStore } from './device.js';
import type { CompiledProgram } from './program-cache.js';

/** Where the inputs of compiled graphs get their numbers. */
export interface CallInputs {
  /** The array of an input. */
  arrayOf(made: CompiledProgram, program: Program, call: ProgramCall, name: string): HostArray;
  /** The place of the variable that an input stands for. */
  segmentOf(name: string): Segment | undefined;
}

/** Inputs are parts of the parameters, feeds, what fed tensors are held by, or random numbers. */
export function createCallInputs(layout: ParameterLayout, store: DeviceStore): CallInputs {
  const places = new Map<string, { vector: 'values' | 'state'; segment: Segment }>();
  for (const segment of layout.segments) places.set(`variable/${segment.path}`, { vector: 'values', segment });
  for (const segment of layout.stateSegments) places.set(`state/${segment.path}`, { vector: 'state', segment });

  /** The array of an input of the compiled graph. */
  function arrayOf(made: CompiledProgram, program: Program, call: ProgramCall, name: string): HostArray {
    const view = made.graph.views.get(name);
    if (view !== undefined) return store.view(arrayOf(made, program, call, view.source), view.offset, view.size);
    if (name.startsWith('feed/')) {
      const key = name.slice('feed/'.length);
      const value = call.feeds[key];
      if (value === undefined) return leafOf(call, key);
      return 'dtype' in value ? store.inside(value).data : checked(value.data, value.shape);
    }
    const place = places.get(name);
    if (place !== undefined) {
      if (call.parameters === undefined) throw noParameters(program, place.segment);
      const { data } = store.inside(call.parameters[place.vector]);
      return store.view(data, place.segment.offset, place.segment.size);
    }
    const uniform = made.trace.uniforms.find(({ input }) => input === name);
    if (uniform === undefined || call.uniform === undefined) {
      throw new PolytaskError(
        'POLYTASK_NO_RANDOMNESS',
        `Program \`${program.name}\` asked for random numbers (\`${uniform?.path ?? name}\`) where there are none. Draw them in ` +
          'training steps only.',
      );
    }
    return call.uniform(
      uniform.path,
      uniform.occurrence,
      uniform.shape.reduce((product, size) => product * size, 1),
    );
  }

  /** An input that is one of the numbers by which a fed tensor is held. */
  function leafOf(call: ProgramCall, key: string): HostArray {
    const place = key.lastIndexOf('#');
    const { held } = store.inside(call.feeds[key.slice(0, place)] as DeviceTensor);
    return held?.leaves[Number(key.slice(place + 1))] as HostArray;
  }

  return { arrayOf, segmentOf: (name) => places.get(name)?.segment };
}

function noParameters(program: Program, segment: Segment): PolytaskError {
  return new PolytaskError(
    'POLYTASK_NO_PARAMETERS',
    `Program \`${program.name}\` uses the variable \`${segment.path}\`, so its call has to say what variables hold ` +
      '(`parameters`), but it did not.',
  );
}

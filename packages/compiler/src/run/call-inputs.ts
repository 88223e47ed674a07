import { type ParameterLayout, PolytaskError, type Program, type ProgramCall, type Segment } from '@polytask/core';
import { sizeOf } from '../ir/value.js';
import { checked, type DeviceStore } from './device.js';
import type { HostArray } from './host-array.js';
import type { CompiledProgram } from './program-cache.js';
import { rowsLeaves } from './table-rows.js';
import { within } from './within.js';

/** Finds an input's numbers in a call. */
type InputSource = (call: ProgramCall) => HostArray;

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

  // Names are taken apart once per program and not in every step.
  const sources = new WeakMap<CompiledProgram, Map<string, InputSource>>();

  function arrayOf(made: CompiledProgram, program: Program, call: ProgramCall, name: string): HostArray {
    const known = within(sources, made);
    let source = known.get(name);
    if (source === undefined) {
      source = sourceOf(made, program, name);
      known.set(name, source);
    }
    return source(call);
  }

  function sourceOf(made: CompiledProgram, program: Program, name: string): InputSource {
    const view = made.graph.views.get(name);
    if (view !== undefined) {
      const whole = sourceOf(made, program, view.source);
      return (call) => store.view(whole(call), view.offset, view.size);
    }
    if (name.startsWith('feed/')) {
      const key = name.slice('feed/'.length);
      const place = key.lastIndexOf('#');
      const leafed = key.slice(0, place);
      const leaf = Number(key.slice(place + 1));
      return ({ feeds }) => {
        const value = feeds[key];
        if (value === undefined) return leafOf(feeds, leafed, leaf);
        return 'dtype' in value ? store.inside(value).data : checked(value.data, value.shape);
      };
    }
    const place = places.get(name);
    if (place !== undefined) {
      const { vector, segment } = place;
      return ({ parameters }) => {
        if (parameters === undefined) throw noParameters(program, segment);
        return store.view(store.inside(parameters[vector]).data, segment.offset, segment.size);
      };
    }
    const random = made.trace.uniforms.find(({ input }) => input === name);
    return ({ uniform }) => {
      if (random === undefined || uniform === undefined) throw noRandomness(program, random?.path ?? name);
      return uniform(random.path, random.occurrence, sizeOf(random.shape));
    };
  }

  /** An input that is one of the numbers by which a fed tensor is held, or a table or row numbers. */
  function leafOf(feeds: ProgramCall['feeds'], key: string, leaf: number): HostArray {
    const value = feeds[key] as ProgramCall['feeds'][string];
    const leaves = 'dtype' in value ? store.inside(value).held?.leaves : rowsLeaves(value);
    return leaves?.[leaf] as HostArray;
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

function noRandomness(program: Program, path: string): PolytaskError {
  return new PolytaskError(
    'POLYTASK_NO_RANDOMNESS',
    `Program \`${program.name}\` asked for random numbers (\`${path}\`) where there are none. Draw them in training steps only.`,
  );
}

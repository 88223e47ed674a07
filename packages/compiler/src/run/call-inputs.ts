import { type ParameterLayout, PolytaskError, type Program, type Segment } from '@polytask/core';
import type { ProgramCall } from '@polytask/core/executors';
import type * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../ir/value.js';
import type { InputRole } from '../trace/trace.js';
import type { Source } from './compile-graph.js';
import { checked, type DeviceStore } from './device.js';
import { type HostArray, viewOf } from './host-array.js';

/** Where a variable's numbers lie: in the flat vector of parameters, or in that of statistics. */
export interface VariablePlace {
  readonly vector: 'values' | 'state';
  readonly segment: Segment;
}

/** The places of a layout's variables. */
export function variablePlaces(layout: ParameterLayout): ReadonlyMap<tf.Variable, VariablePlace> {
  const places = new Map<tf.Variable, VariablePlace>();
  for (const segment of layout.segments) places.set(segment.variable, { vector: 'values', segment });
  for (const segment of layout.stateSegments) places.set(segment.variable, { vector: 'state', segment });
  return places;
}

/** Finds in a call what an input of its program stands for. */
export function callSource(
  program: Program,
  role: InputRole,
  places: ReadonlyMap<tf.Variable, VariablePlace>,
  store: DeviceStore,
): Source<ProgramCall> {
  if (role.kind === 'feed') {
    const { feed, leaf } = role;
    if (leaf !== undefined) return ({ feeds }) => leafOf(feeds[feed] as Fed, leaf, store);
    return ({ feeds }) => {
      const value = feeds[feed] as Fed;
      return 'dtype' in value ? store.inside(value).data : checked(value.data, value.shape);
    };
  }
  if (role.kind === 'variable') {
    const { vector, segment } = places.get(role.variable) as VariablePlace;
    return ({ parameters }) => {
      if (parameters === undefined) throw noParameters(program, segment);
      return viewOf(store.inside(parameters[vector]).data, segment.offset, segment.size);
    };
  }
  const { path, occurrence, shape } = role;
  return ({ uniform }) => {
    if (uniform === undefined) throw noRandomness(program, path);
    return uniform(path, occurrence, sizeOf(shape));
  };
}

type Fed = ProgramCall['feeds'][string];

/** One of the numbers by which a fed tensor is held. */
function leafOf(value: Fed, leaf: number, store: DeviceStore): HostArray {
  const leaves = 'dtype' in value ? store.inside(value).held?.leaves : undefined;
  return leaves?.[leaf] as HostArray;
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

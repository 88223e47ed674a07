import type { AuxiliaryContext, AuxiliaryObjective, ParameterLayout, ParameterReader, Segment } from '@polytask/core';
import { uniformFloats } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** A layout of variables with these paths and shapes, filled with numbers in [−1, 1). */
export function layoutOf(
  tasks: readonly string[],
  shapes: { readonly [path: string]: readonly number[] },
): ParameterLayout {
  let offset = 0;
  const segments = Object.entries(shapes).map(([path, shape]): Segment => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = uniformFloats(size, 'layout', path).map((value) => 2 * value - 1);
    const variable = tf.variable(tf.tensor(data, [...shape]));
    const segment = {
      path,
      layer: path.slice(0, path.lastIndexOf('/')),
      group: 'model',
      shape,
      offset,
      size,
      usedBy: [],
      variable,
    };
    offset += size;
    return segment;
  });
  return { tasks, segments, stateSegments: [], size: offset, stateSize: 0, sharedSize: 0, ranges: [] };
}

/** An auxiliary term on these variables: its value, and its gradient by path. */
export async function termOn(part: AuxiliaryObjective, layout: ParameterLayout) {
  const bound = part.bind({ layout, tasks: layout.tasks.map((name) => ({ name })) } as unknown as AuxiliaryContext);
  const reader: ParameterReader = {
    layout,
    async read(path) {
      const { variable, shape } = layout.segments.find((one) => one.path === path) as Segment;
      return { data: (await variable.data()) as Float32Array, shape };
    },
  };
  const prepared = (await bound.prepare?.(reader, {} as never)) ?? {};
  const feeds = Object.fromEntries(
    Object.entries(prepared).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  const variables = layout.segments.map(({ variable }) => variable);
  const { value, grads } = tf.variableGrads(() => bound.loss({ feeds } as never) as tf.Scalar, variables);
  const gradient = Object.fromEntries(
    layout.segments.map(({ path, variable, size }) => [
      path,
      Array.from(grads[variable.name]?.dataSync() ?? new Float32Array(size)),
    ]),
  );
  return { value: value.dataSync()[0] as number, gradient };
}

/** Numbers of all variables by path, in float64. */
export function numbersOf(layout: ParameterLayout): Record<string, number[]> {
  return Object.fromEntries(layout.segments.map(({ path, variable }) => [path, Array.from(variable.dataSync())]));
}

/** Central differences of a function of all numbers. */
export function slopesOf(
  numbers: Record<string, number[]>,
  f: (numbers: Record<string, number[]>) => number,
): Record<string, number[]> {
  const h = 1e-5;
  const shifted = (path: string, i: number, by: number) =>
    f({ ...numbers, [path]: (numbers[path] as number[]).map((value, j) => (i === j ? value + by : value)) });
  return Object.fromEntries(
    Object.entries(numbers).map(([path, values]) => [
      path,
      values.map((_, i) => (shifted(path, i, h) - shifted(path, i, -h)) / (2 * h)),
    ]),
  );
}

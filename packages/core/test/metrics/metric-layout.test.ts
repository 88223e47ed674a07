import { expect, it } from 'vitest';
import { eachLabelled, metricLayout, requireValues } from '../../src/metrics/metric-layout.js';

function rows(predictions: readonly number[], targets: readonly number[], weights = targets[0] as number) {
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  return {
    predictions: { data: new Float32Array(size(predictions)), shape: predictions },
    targets: { data: new Int32Array(size(targets)), shape: targets },
    weights: new Float32Array(weights).fill(1),
  };
}

it('reads the layout off the shapes', () => {
  expect(metricLayout('m', rows([4, 3], [4]))).toEqual({ metric: 'm', classes: 3, perRow: 1, flat: true });
  expect(metricLayout('m', rows([4, 2, 5, 3], [4, 2, 5]))).toEqual({
    metric: 'm',
    classes: 3,
    perRow: 10,
    flat: false,
  });
  expect(metricLayout('m', rows([4], [4]))).toEqual({ metric: 'm', classes: 1, perRow: 1, flat: true });
  expect(metricLayout('m', rows([4, 6], [4, 6]))).toEqual({ metric: 'm', classes: 1, perRow: 6, flat: false });
});

it('says what does not fit', () => {
  expect(() => metricLayout('m', rows([3], [4]))).toThrow(
    'The predictions given to metric `m` must have shape [4], or that and a number of classes, but has shape [3].',
  );
  expect(() => metricLayout('m', rows([4], [4, 1]))).toThrow(/metric `m`/);
  expect(() => metricLayout('m', rows([4], [4], 3))).toThrow(/weights given to metric `m` must have shape \[4\]/);
  const classes = rows([4, 3], [4]);
  expect(() => requireValues(metricLayout('m', classes), classes)).toThrow(/must have shape \[4\]/);
});

it('visits what has a label and a weight', () => {
  const visited = (negativeIsMissing: boolean) => {
    const data = {
      predictions: { data: new Float32Array(6), shape: [3, 2] },
      targets: { data: Float32Array.of(1, Number.NaN, -1, 0, 5, 5), shape: [3, 2] },
      weights: Float32Array.of(2, 1, 0),
    };
    const found: number[][] = [];
    eachLabelled(data, metricLayout('m', data), negativeIsMissing, (...args) => found.push(args));
    return found;
  };
  expect(visited(true)).toEqual([
    [0, 0, 2],
    [3, 1, 1],
  ]);
  expect(visited(false)).toEqual([
    [0, 0, 2],
    [2, 0, 1],
    [3, 1, 1],
  ]);
});

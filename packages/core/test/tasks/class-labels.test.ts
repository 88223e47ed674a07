import { checkValue } from '@polytask/core';
import { expect, it } from 'vitest';
import {
  classConstants,
  classWeightsOf,
  classWeightsOption,
  countClasses,
  eachClass,
  numbersOf,
  weightsById,
} from '../../src/tasks/class-labels.js';

it('visits every label of a row: ids as they are, distributions by their shares', () => {
  const visited = (data: Int32Array | Float32Array, shape: number[], row: number) => {
    const found: [number, number][] = [];
    eachClass('t', 3, { data, shape }, row, (label, share) => found.push([label, share]));
    return found;
  };
  expect(visited(Int32Array.of(2, 0), [2], 1)).toEqual([[0, 1]]);
  expect(visited(Int32Array.of(0, 0, 2, -1), [2, 2], 1)).toEqual([[2, 1]]);
  expect(visited(Float32Array.of(1, 0, 0, 0.5, 0, 0.5), [2, 3], 1)).toEqual([
    [0, 0.5],
    [2, 0.5],
  ]);
});

it('counts by weight', () => {
  const targets = { data: Int32Array.of(0, 1, 1, -1), shape: [4] };
  expect(Array.from(countClasses('t', 3, { targets, weights: Float32Array.of(1, 2, 3, 9) }))).toEqual([1, 5, 0]);
});

it('learns class weights only where they are to be balanced', () => {
  const counts = Float64Array.of(1, 3);
  expect(classConstants('t', undefined, counts)).toEqual({});
  expect(classConstants('t', [1, 2], counts)).toEqual({});
  expect(classConstants('t', 'balanced', counts)).toEqual({ classWeights: [2, 2 / 3] });
  expect(classWeightsOf('t', 'balanced', { classWeights: [2, 3] })).toEqual([2, 3]);
  expect(classWeightsOf('t', [4, 5], {})).toEqual([4, 5]);
  expect(classWeightsOf('t', undefined, {})).toBeUndefined();
});

it('reads constants as lists, and says when `prepare` was forgotten', () => {
  expect(numbersOf('t', { mean: 3 }, 'mean')).toEqual([3]);
  expect(() => numbersOf('t', {}, 'mean')).toThrow(/Task `t`: the constant `mean` is missing. Call `prepare`/);
});

it('checks weights', () => {
  const names = ['cat', 'dog'];
  for (const option of [[1, 0], 'balanced', undefined] as const) expect(weightsById(option, names)).toEqual(option);
  expect(weightsById({ dog: 5 }, names)).toEqual([1, 5]);
  expect(weightsById({ dog: 5, cat: 0 }, names)).toEqual([0, 5]);
  expect(() => weightsById([1, 0, 1], names)).toThrow(/`classWeights` must be balanced, or 2 numbers from 0/);
  expect(() => weightsById({ dgo: 5 }, names)).toThrow(
    /no class named `dgo`; there are `cat`, `dog`. Did you mean `dog`/,
  );
  const { takes } = classWeightsOption;
  for (const right of ['balanced', [1, 0], { dog: 5 }]) expect(checkValue(takes, right)).toEqual([]);
  for (const wrong of ['equal', [1, Number.NaN], [-1, 1], 1]) expect(checkValue(takes, wrong)).toHaveLength(1);
});

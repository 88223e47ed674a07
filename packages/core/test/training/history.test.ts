import { accuracy, classification, confusionCounts, regression } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { addCosines, addNumbers, addStep, emptyHistory, emptySums, epochMeans } from '../../src/training/history.js';

const step = (
  losses: number[],
  weights: number[],
  rest: { gramian?: Float64Array; terms?: Record<string, number> } = {},
) => ({
  losses: Float64Array.from(losses),
  weights,
  terms: {},
  logged: {},
  ...rest,
});

it('begins with an empty list for everything that is recorded', () => {
  const tasks = [classification('a', { classes: 2, metrics: [accuracy(), confusionCounts()] }), regression('b')];
  expect(emptyHistory(tasks, ['sharing/penalty', 'extra'])).toEqual({
    tasks: {
      a: { trainLoss: [], weight: [], loss: [], accuracy: [] },
      b: { trainLoss: [], weight: [], loss: [], rmse: [], mae: [], r2: [] },
    },
    auxiliary: { 'sharing/penalty': [], extra: [] },
    logged: {},
    cosines: [],
    gradientNorms: {},
    validationWeights: {},
    restored: null,
    seconds: [],
    steps: 0,
    skipped: 0,
    stopped: 'running',
  });
});

describe('means of an epoch', () => {
  it('are over the steps in which a task was there', () => {
    const sums = emptySums(3);
    addStep(sums, step([1, Number.NaN, Number.NaN], [1, 0, 0]));
    addStep(sums, step([3, 5, Number.NaN], [0.5, 2, 0]));
    const { losses, weights, cosines } = epochMeans(sums);
    expect(Array.from(losses)).toEqual([2, 5, Number.NaN]);
    expect(Array.from(weights)).toEqual([0.75, 2, Number.NaN]);
    expect(cosines).toBeUndefined();
  });

  it('of cosines are over the steps in which both gradients were there', () => {
    const sums = emptySums(2);
    addStep(sums, step([1, 1], [1, 1], { gramian: Float64Array.of(4, 3, 3, 9) }));
    addStep(sums, step([1, 1], [1, 1], { gramian: Float64Array.of(1, -1, -1, 1) }));
    addStep(sums, step([1, Number.NaN], [1, 0], { gramian: Float64Array.of(1, 0, 0, 0) }));
    addStep(sums, step([1, 1], [1, 1]));
    expect(epochMeans(sums).cosines).toEqual([
      [1, -0.25],
      [-0.25, 1],
    ]);
    const never = emptySums(2);
    addStep(never, step([1, Number.NaN], [1, 0], { gramian: Float64Array.of(1, 0, 0, 0) }));
    expect(epochMeans(never).cosines).toEqual([
      [1, Number.NaN],
      [Number.NaN, Number.NaN],
    ]);
  });

  it('of the lengths of gradients are over the steps in which a task was there and gradients were compared', () => {
    const sums = emptySums(3);
    addStep(sums, step([1, 1, Number.NaN], [1, 1, 0], { gramian: Float64Array.of(4, 3, 0, 3, 9, 0, 0, 0, 0) }));
    addStep(
      sums,
      step([1, Number.NaN, Number.NaN], [1, 0, 0], { gramian: Float64Array.of(16, 0, 0, 0, 0, 0, 0, 0, 0) }),
    );
    addStep(sums, step([1, 1, 1], [1, 1, 1]));
    expect(epochMeans(sums).gradientNorms).toEqual([3, 3, Number.NaN]);
    expect(epochMeans(emptySums(2)).gradientNorms).toBeUndefined();
  });

  it('of terms are over all steps', () => {
    const sums = emptySums(1);
    addStep(sums, step([1], [1], { terms: { penalty: 1, entropy: 5 } }));
    addStep(sums, step([1], [1], { terms: { penalty: 2, entropy: 7 } }));
    expect(epochMeans(sums).terms).toEqual({ penalty: 1.5, entropy: 6 });
  });

  it('of no step at all are NaN', () => {
    const { losses, terms } = epochMeans(emptySums(2));
    expect([Array.from(losses), terms]).toEqual([[Number.NaN, Number.NaN], {}]);
  });
});

it('has cosines and lengths of gradients of every epoch, NaN for those in which weights were held', () => {
  const history = emptyHistory([regression('a'), regression('b')], []);
  const cosines = [
    [1, 0.5],
    [0.5, 1],
  ];
  for (const compared of [false, true, false]) {
    addCosines(history, compared ? cosines : undefined);
    addNumbers(history, 'gradientNorms', compared ? { a: 2, b: 3 } : {});
    history.seconds.push(1);
  }
  const none = [
    [Number.NaN, Number.NaN],
    [Number.NaN, Number.NaN],
  ];
  expect(history.cosines).toEqual([none, cosines, none]);
  expect(history.gradientNorms).toEqual({ a: [Number.NaN, 2, Number.NaN], b: [Number.NaN, 3, Number.NaN] });
  const without = emptyHistory([regression('a')], []);
  addCosines(without, undefined);
  expect(without.cosines).toEqual([]);
});

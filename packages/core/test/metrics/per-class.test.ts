import { expect, it } from 'vitest';
import { perClass } from '../../src/metrics/per-class.js';
import { binary, classes, measure, multiLabel } from './metric-rows.js';

it('has the values of scikit-learn', () => {
  const found = [
    [0, 1, 0, 0],
    [1, 0, 1, 0],
    [2, 0, 0, 1],
    [2, 1, 0, 0],
    [1, 0, 1, 0],
    [0, 0, 0, 1],
  ].map(([t = 0, ...scores]) => ({ p: scores, t: [t], w: 1 }));
  expect(measure(perClass(), classes, found)).toEqual([
    [0.5, 0.5, 0.5, 2],
    [1, 1, 1, 2],
    [0.5, 0.5, 0.5, 2],
  ]);
});

it('is 0 where a class is never predicted or never occurs', () => {
  const found = [{ p: [0, 1, 0], t: [0], w: 2 }];
  expect(measure(perClass(), classes, found)).toEqual([
    [0, 0, 0, 2],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
});

it('has both answers of a yes or no, and the yes of every label', () => {
  const one = [
    { p: [0.9], t: [1], w: 1 },
    { p: [0.8], t: [0], w: 1 },
    { p: [0.1], t: [0], w: 1 },
  ];
  expect(measure(perClass(), binary, one)).toEqual([
    [1, 0.5, 2 / 3, 2],
    [0.5, 1, 2 / 3, 1],
  ]);
  const several = [
    { p: [0.9, 0.1], t: [1, 1], w: 1 },
    { p: [0.9, 0.1], t: [0, 0], w: 1 },
  ];
  expect(measure(perClass(), multiLabel, several)).toEqual([
    [0.5, 1, 2 / 3, 1],
    [0, 0, 0, 1],
  ]);
});

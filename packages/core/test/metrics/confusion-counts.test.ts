import fc from 'fast-check';
import { expect, it } from 'vitest';
import { accuracy } from '../../src/metrics/accuracy.js';
import { confusionCounts } from '../../src/metrics/confusion-counts.js';
import { binary, classes, dense, measure, multiLabel } from './metric-rows.js';

it('has a row per true class and a column per predicted one', () => {
  const rows = [
    { p: [1, 0, 0], t: [0], w: 1 },
    { p: [0, 1, 0], t: [0], w: 2 },
    { p: [0, 1, 0], t: [2], w: 1 },
  ];
  expect(measure(confusionCounts(), classes, rows)).toEqual([
    [1, 2, 0],
    [0, 0, 0],
    [0, 1, 0],
  ]);
});

it('is 2 by 2 for a yes or no, and a table per label in multi-label', () => {
  const answers = [
    { p: [1], t: [1], w: 1 },
    { p: [0.5], t: [0], w: 1 },
    { p: [0.25], t: [0], w: 1 },
  ];
  expect(measure(confusionCounts(), binary, answers)).toEqual([
    [1, 1],
    [0, 1],
  ]);
  expect(measure(confusionCounts({ threshold: 0.75 }), binary, answers)).toEqual([
    [2, 0],
    [0, 1],
  ]);
  const rows = [
    { p: [1, 0], t: [1, 1], w: 1 },
    { p: [1, 0], t: [0, Number.NaN], w: 2 },
  ];
  expect(measure(confusionCounts(), multiLabel, rows)).toEqual([
    [0, 2, 0, 1],
    [0, 0, 1, 0],
  ]);
});

it('gives a copy, empty before the first rows', () => {
  const running = confusionCounts().start();
  expect(running.result()).toEqual([]);
  const rows = { data: Float32Array.of(1), shape: [1] };
  running.update({ predictions: rows, targets: { data: Int32Array.of(1), shape: [1] }, weights: Float32Array.of(1) });
  (running.result()[0] as number[])[0] = 99;
  expect(running.result()[0]).toEqual([0, 0]);
});

it('has accuracy on its diagonal', () => {
  fc.assert(
    fc.property(fc.array(dense.row, { minLength: 1, maxLength: 10 }), (rows) => {
      const counts = measure(confusionCounts(), dense, rows);
      const total = counts.flat().reduce((a, b) => a + b, 0);
      fc.pre(total > 0);
      const diagonal = counts.reduce((sum, row, c) => sum + (row[c] as number), 0);
      expect(measure(accuracy(), dense, rows)).toBeCloseTo(diagonal / total, 12);
    }),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { logLoss } from '../../src/metrics/log-loss.js';
import { binary, classes, dense, labelled, measure, multiLabel } from './metric-rows.js';

it('has the golden values', () => {
  const rows = [
    { p: [0.5, 0.25, 0.25], t: [0], w: 1 },
    { p: [0.5, 0.25, 0.25], t: [2], w: 3 },
  ];
  expect(measure(logLoss(), classes, rows)).toBeCloseTo((Math.log(2) + 3 * Math.log(4)) / 4, 12);
  expect(measure(logLoss(), binary, [{ p: [0.25], t: [0], w: 1 }])).toBeCloseTo(-Math.log(0.75), 12);
  const soft = [{ p: [0.25, 0.5], t: [0.5, Number.NaN], w: 1 }];
  expect(measure(logLoss(), multiLabel, soft)).toBeCloseTo(-(Math.log(0.25) + Math.log(0.75)) / 2, 12);
});

it('clips probabilities at the resolution of float32', () => {
  expect(measure(logLoss(), binary, [{ p: [0], t: [1], w: 1 }])).toBeCloseTo(23 * Math.log(2), 12);
  expect(measure(logLoss(), classes, [{ p: [1, 0, 0], t: [0], w: 1 }])).toBeCloseTo(2 ** -23, 12);
});

it('refuses a class without a prediction', () => {
  const labels = expect.objectContaining({ code: 'POLYTASK_LABELS' });
  expect(() => measure(logLoss(), classes, [{ p: [1, 0, 0], t: [3], w: 1 }])).toThrow(labels);
});

it('passes NaN on', () => {
  expect(measure(logLoss(), binary, [{ p: [Number.NaN], t: [1], w: 1 }])).toBeNaN();
});

it('agrees with the definition', () => {
  fc.assert(
    fc.property(fc.array(dense.row, { maxLength: 10 }), (rows) => {
      const all = labelled(dense, rows);
      fc.pre(all.length > 0);
      const total = all.reduce((sum, { w }) => sum + w, 0);
      const loss = all.reduce((sum, { p, t, w }) => {
        const probability = Math.min(Math.max(p[t] as number, 2 ** -23), 1 - 2 ** -23);
        return sum - w * Math.log(probability);
      }, 0);
      expect(measure(logLoss(), dense, rows)).toBeCloseTo(loss / total, 12);
    }),
  );
});

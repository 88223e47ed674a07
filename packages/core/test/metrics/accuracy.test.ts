import fc from 'fast-check';
import { expect, it } from 'vitest';
import { accuracy } from '../../src/metrics/accuracy.js';
import { binary, classes, dense, labelled, measure, multiLabel } from './metric-rows.js';

it('has the golden values', () => {
  const rows = [
    { p: [0.5, 0.25, 0.25], t: [0], w: 1 },
    { p: [0.25, 0.5, 0.25], t: [2], w: 1 },
    { p: [0, 0, 1], t: [2], w: 2 },
  ];
  expect(measure(accuracy(), classes, rows)).toBe(0.75);
});

it('counts labels, not rows, where a row has several', () => {
  const rows = [
    { p: [1, 0, 0, 1, 0, 0], t: [0, -1], w: 1 },
    { p: [1, 0, 0, 1, 0, 0], t: [1, 2], w: 1 },
  ];
  expect(measure(accuracy(), dense, rows)).toBeCloseTo(1 / 3, 12);
  expect(measure(accuracy(), multiLabel, [{ p: [0.75, 0.25], t: [1, Number.NaN], w: 1 }])).toBe(1);
});

it('decides a yes by the threshold, which counts as yes', () => {
  const rows = [{ p: [0.5], t: [1], w: 1 }];
  expect(measure(accuracy(), binary, rows)).toBe(1);
  expect(measure(accuracy({ threshold: 0.625 }), binary, rows)).toBe(0);
  expect(() => accuracy({ threshold: 0 })).toThrow(/`threshold`/);
});

it('takes a prediction that is NaN for wrong', () => {
  expect(measure(accuracy(), binary, [{ p: [Number.NaN], t: [0], w: 1 }])).toBe(0);
  expect(measure(accuracy(), classes, [{ p: [Number.NaN, Number.NaN, Number.NaN], t: [0], w: 1 }])).toBe(0);
});

it('agrees with counting', () => {
  fc.assert(
    fc.property(fc.array(dense.row, { maxLength: 10 }), (rows) => {
      const all = labelled(dense, rows);
      fc.pre(all.length > 0);
      let right = 0;
      let total = 0;
      for (const { p, t, w } of all) {
        total += w;
        if (p.indexOf(Math.max(...p)) === t) right += w;
      }
      expect(measure(accuracy(), dense, rows)).toBeCloseTo(right / total, 12);
    }),
  );
});

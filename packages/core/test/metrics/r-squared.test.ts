import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rSquared } from '../../src/metrics/r-squared.js';
import { labelled, measure, metricRows, scalar, vector } from './metric-rows.js';

it('has the golden values', () => {
  const rows = [1, 2, 3].map((t, i) => ({ p: [[1, 2, 4][i] as number], t: [t], w: 1 }));
  expect(measure(rSquared(), scalar, rows)).toBe(0.5);
  const means = rows.map((row) => ({ ...row, p: [2] }));
  expect(measure(rSquared(), scalar, means)).toBe(0);
});

it('leaves out columns whose targets are all the same', () => {
  expect(
    measure(
      rSquared(),
      scalar,
      [1, 2].map((p) => ({ p: [p], t: [0.1], w: 1 })),
    ),
  ).toBeNaN();
  for (const w of [0.1, 0.3, 3, 49]) {
    const same = [1, 2, 3].map((p) => ({ p: [p], t: [0.1], w }));
    expect(measure(rSquared(), scalar, same)).toBeNaN();
  }
  const rows = [
    { p: [1, 5], t: [1, 7], w: 1 },
    { p: [2, 5], t: [2, 7], w: 1 },
  ];
  expect(measure(rSquared(), vector, rows)).toBe(1);
});

it('keeps its digits far from 0 over many rows', () => {
  const running = rSquared().start();
  for (let i = 0; i < 20_000; i++) {
    const t = 1e6 + (i % 2);
    running.update(metricRows(scalar, [{ p: [t + 0.25], t: [t], w: 1 }]));
  }
  // Σ e² = n / 16, Σ (t − mean)² = n / 4.
  expect(running.result()).toBeCloseTo(0.75, 10);
});

it('agrees with two passes', () => {
  fc.assert(
    fc.property(fc.array(vector.row, { maxLength: 10 }), (rows) => {
      const all = labelled(vector, rows);
      const columns = [0, 1].flatMap((column) => {
        const own = all.filter((label) => label.column === column);
        const total = own.reduce((sum, { w }) => sum + w, 0);
        const mean = own.reduce((sum, { t, w }) => sum + w * t, 0) / total;
        const spread = own.reduce((sum, { t, w }) => sum + w * (t - mean) ** 2, 0);
        const errors = own.reduce((sum, { p, t, w }) => sum + w * ((p[0] as number) - t) ** 2, 0);
        return new Set(own.map(({ t }) => t)).size < 2 ? [] : [1 - errors / spread];
      });
      fc.pre(columns.length > 0);
      const expected = columns.reduce((a, b) => a + b, 0) / columns.length;
      const found = measure(rSquared(), vector, rows);
      expect(Math.abs(found - expected)).toBeLessThan(1e-10 * (1 + Math.abs(expected)));
    }),
  );
});

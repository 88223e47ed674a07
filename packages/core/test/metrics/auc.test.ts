import fc from 'fast-check';
import { expect, it } from 'vitest';
import { auc } from '../../src/metrics/auc.js';
import { binary, classes, dense, type Kind, labelled, measure, multiLabel } from './metric-rows.js';

interface Scored {
  readonly score: number;
  readonly yes: boolean;
  readonly w: number;
}

/** Counts pairs of a yes and a no, by weight. */
function pairs(all: readonly Scored[]): number {
  let won = 0;
  let total = 0;
  for (const up of all.filter((row) => row.yes)) {
    for (const down of all.filter((row) => !row.yes)) {
      total += up.w * down.w;
      won += up.w * down.w * (up.score > down.score ? 1 : up.score === down.score ? 0.5 : 0);
    }
  }
  return won / total;
}

const binaryRows = (scores: readonly number[], labels: readonly number[]) =>
  scores.map((score, i) => ({ p: [score], t: [labels[i] as number], w: 1 }));

it('has the golden values', () => {
  expect(measure(auc(), binary, binaryRows([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]))).toBe(0.75);
  expect(measure(auc(), binary, binaryRows([0.1, 0.2, 0.3], [0, 0, 1]))).toBe(1);
  expect(measure(auc(), binary, binaryRows([0.5, 0.5, 0.5], [0, 0, 1]))).toBe(0.5);
  expect(measure(auc(), binary, binaryRows([0.9, 0.1], [0, 1]))).toBe(0);
});

it('is NaN where there is no pair, and where a score is NaN', () => {
  expect(measure(auc(), binary, binaryRows([0.1, 0.2], [1, 1]))).toBeNaN();
  expect(measure(auc(), binary, binaryRows([0.1, Number.NaN], [0, 1]))).toBeNaN();
});

it('leaves out classes that do not have both a yes and a no', () => {
  const rows = [
    { p: [0.7, 0.3, 0], t: [0], w: 1 },
    { p: [0.2, 0.8, 0], t: [1], w: 1 },
  ];
  expect(measure(auc(), classes, rows)).toBe(1);
});

it.each([binary, multiLabel, classes, dense].map((kind) => [kind.name, kind] as const))(
  'equals the counting of pairs on %s',
  (_, kind: Kind) => {
    fc.assert(
      fc.property(fc.array(kind.row, { maxLength: 14 }), (rows) => {
        const all = labelled(kind, rows);
        const curves: Scored[][] =
          kind === binary || kind === multiLabel
            ? [0, 1].map((column) =>
                all
                  .filter((label) => label.column === column)
                  .map(({ p, t, w }) => ({ score: p[0] as number, yes: t === 1, w })),
              )
            : [0, 1, 2].map((c) => all.map(({ p, t, w }) => ({ score: p[c] as number, yes: t === c, w })));
        const areas = curves.map(pairs).filter((area) => !Number.isNaN(area));
        const expected = areas.reduce((a, b) => a + b, 0) / areas.length;
        const found = measure(auc(), kind, rows);
        if (Number.isNaN(expected)) expect(found).toBeNaN();
        else expect(found).toBeCloseTo(expected, 12);
      }),
    );
  },
);

it('does not change under a rising function of the scores', () => {
  fc.assert(
    fc.property(fc.array(binary.row, { minLength: 1, maxLength: 14 }), (rows) => {
      const squashed = rows.map((row) => ({ ...row, p: row.p.map((p) => p ** 3 / 2) }));
      expect(measure(auc(), binary, squashed)).toEqual(measure(auc(), binary, rows));
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f1, macroF1, microF1 } from '../../src/metrics/f1.js';
import { binary, classes, dense, type Kind, labelled, measure, multiLabel, type Row } from './metric-rows.js';

/** Decisions (column, class, weight) as three lists: actual, predicted, both; positives only in multi-label. */
function decisions(kind: Kind, rows: readonly Row[]) {
  return labelled(kind, rows).map(({ t, p, w, column }) => {
    const predicted = p.length > 1 ? p.indexOf(Math.max(...p)) : (p[0] as number) >= 0.5 ? 1 : 0;
    return { actual: t, predicted, w, column };
  });
}

/** F1 of the yes in `question`, from precision and recall. */
function bruteF1(all: readonly { actual: boolean; predicted: boolean; w: number }[]): number {
  const weigh = (test: (d: { actual: boolean; predicted: boolean }) => boolean) =>
    all.reduce((sum, d) => sum + (test(d) ? d.w : 0), 0);
  const hits = weigh((d) => d.actual && d.predicted);
  if (hits === 0) return 0;
  const precision = hits / weigh((d) => d.predicted);
  const recall = hits / weigh((d) => d.actual);
  return (2 * precision * recall) / (precision + recall);
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('golden values', () => {
  // Classes 0, 0, 1, 2 taken for 0, 1, 1, 1: F1 of 0 is 2/3, of 1 is 2/4, of 2 is 0.
  const rows = [
    { p: [1, 0, 0], t: [0], w: 1 },
    { p: [0, 1, 0], t: [0], w: 1 },
    { p: [0, 1, 0], t: [1], w: 1 },
    { p: [0, 1, 0], t: [2], w: 1 },
  ];

  it('of classes', () => {
    expect(measure(macroF1(), classes, rows)).toBeCloseTo((2 / 3 + 1 / 2 + 0) / 3, 12);
    expect(measure(microF1(), classes, rows)).toBeCloseTo(0.5, 12);
  });

  it('leaves out a class that occurs in neither labels nor predictions', () => {
    expect(measure(macroF1(), classes, rows.slice(0, 1))).toBe(1);
    expect(measure(macroF1(), classes, rows.slice(0, 2))).toBeCloseTo((2 / 3 + 0) / 2, 12);
  });

  it('of a yes or no: the classes are 0 and 1', () => {
    const answers = [
      { p: [1], t: [1], w: 1 },
      { p: [1], t: [0], w: 1 },
      { p: [0], t: [0], w: 1 },
    ];
    expect(measure(f1(), binary, answers)).toBeCloseTo(2 / 3, 12);
    expect(measure(macroF1(), binary, answers)).toBeCloseTo((2 / 3 + 2 / 3) / 2, 12);
    expect(measure(microF1(), binary, answers)).toBeCloseTo(2 / 3, 12);
    expect(measure(f1({ threshold: 0.99 }), binary, [{ p: [0.9], t: [1], w: 1 }])).toBe(0);
  });

  it('of multi-label: a label without any yes counts 0, one without known entries does not count', () => {
    expect(measure(macroF1(), multiLabel, [{ p: [1, 0], t: [1, 0], w: 1 }])).toBe(0.5);
    expect(measure(macroF1(), multiLabel, [{ p: [1, 0], t: [1, Number.NaN], w: 1 }])).toBe(1);
  });
});

it('is 0 where no yes occurs', () => {
  expect(measure(f1(), binary, [{ p: [0], t: [0], w: 1 }])).toBe(0);
});

it('refuses what F1 of a yes or no cannot measure', () => {
  const mismatch = expect.objectContaining({ code: 'POLYTASK_SHAPE_MISMATCH' });
  expect(() => measure(f1(), classes, [{ p: [1, 0, 0], t: [0], w: 1 }])).toThrow(mismatch);
  expect(() => measure(f1(), multiLabel, [{ p: [1, 0], t: [0, 1], w: 1 }])).toThrow(mismatch);
});

it.each([classes, dense, binary].map((kind) => [kind.name, kind] as const))(
  'agrees with brute force on %s',
  (_, kind) => {
    fc.assert(
      fc.property(fc.array(kind.row, { maxLength: 10 }), (rows) => {
        const all = decisions(kind, rows);
        fc.pre(all.length > 0);
        const present = [...new Set(all.flatMap((d) => [d.actual, d.predicted]))];
        const against = (c: number) =>
          all.map((d) => ({ actual: d.actual === c, predicted: d.predicted === c, w: d.w }));
        expect(measure(macroF1(), kind, rows)).toBeCloseTo(mean(present.map((c) => bruteF1(against(c)))), 12);
        expect(measure(microF1(), kind, rows)).toBeCloseTo(bruteF1(present.flatMap(against)), 12);
        if (kind === binary) expect(measure(f1(), kind, rows)).toBeCloseTo(bruteF1(against(1)), 12);
      }),
    );
  },
);

it('agrees with brute force on multi-label', () => {
  fc.assert(
    fc.property(fc.array(multiLabel.row, { maxLength: 10 }), (rows) => {
      const all = decisions(multiLabel, rows).map((d) => ({
        ...d,
        actual: d.actual === 1,
        predicted: d.predicted === 1,
      }));
      fc.pre(all.length > 0);
      const columns = [...new Set(all.map((d) => d.column))];
      const scores = columns.map((column) => bruteF1(all.filter((d) => d.column === column)));
      expect(measure(macroF1(), multiLabel, rows)).toBeCloseTo(mean(scores), 12);
      expect(measure(microF1(), multiLabel, rows)).toBeCloseTo(bruteF1(all), 12);
    }),
  );
});

import type { AnalysisDocument } from '@polytask/experiment';
import { expect, test } from 'vitest';
import { analysisText } from '../../src/report/analysis-text.js';

const plain = Object.fromEntries(
  ['bold', 'dim', 'green', 'red', 'yellow'].map((name) => [name, (text: string) => text]),
);

const task = (name: string) => ({
  name,
  type: 'regression',
  primaryMetric: 'rmse',
  better: { rmse: 'lower' as const },
});

/** What is needed of a document, with what was measured. */
const textOf = (measured: Partial<AnalysisDocument>) =>
  analysisText(
    { tasks: [task('a'), task('b'), task('c')], skipped: [], seconds: 5, ...measured } as unknown as AnalysisDocument,
    plain as never,
  );

const matrix = (ab: number | null, ac: number | null, bc: number | null, ba = ab, ca = ac, cb = bc) => [
  [1, ab, ac],
  [ba, 1, bc],
  [ca, cb, 1],
];

test('nothing measured, nothing told but why', () => {
  const skipped = [{ stage: 'features', reason: 'no time was left' }];
  expect(textOf({ skipped })).toBe('Skipped: features; no time was left.\nWhole analysis: 5.0 s');
});

test('labels: strongest first, with those that are independent or never meet', () => {
  const pair = (tasks: [string, string], value: number | null, pValue: number | null, rows: number) => ({
    ...{ tasks, measure: 'pearson' as const, value, adjustedInformation: 0.1, pValue, rows },
  });
  const pairs = [pair(['a', 'b'], 0.1, 0.4, 9), pair(['a', 'c'], -0.8, 0.005, 9), pair(['b', 'c'], null, null, 0)];
  const lines = textOf({ labels: { rows: 9, coLabelled: [], pairs } }).split('\n');
  expect(lines.slice(0, 3).map((line) => line.split(/\s{2,}/).filter(Boolean))).toEqual([
    ['Labels'],
    ['tasks', 'measure', 'value', 'information', 'p', 'rows with both'],
    ['a – c', 'correlation', '−0.8000', '0.1000', '0.0050', '9'],
  ]);
  expect(lines).toContain('  No dependence is to be seen between a and b.');
  expect(lines).toContain('  No row has labels of both b and c.');
});

test('together: who helps whom, conflicts, and what it came to', () => {
  const text = textOf({
    observed: {
      looks: 8,
      affinity: matrix(0.01, -0.02, -0.03, 0.02, -0.01, null),
      cosine: matrix(0.5, -0.2, null),
      conflictRate: matrix(0, 0.75, null),
      magnitudeSimilarity: matrix(1, 1, 1),
      firstOrderAffinity: matrix(0, 0, 0),
    },
    gains: { a: 0.05, b: -0.1, c: null },
  });
  expect(text).toContain('  a is helped most by b, and hurt most by c.');
  expect(text).toContain('  b is helped most by a.');
  expect(text).toContain('  c is helped by none, and hurt most by b.');
  expect(text).toContain('conflict at more than half of the looks: a and c (75 %).');
  expect(text).toContain('Together against alone, measured once: a +5.00 % (rmse), b −10.00 % (rmse).');
});

test('transfer by heads, or by scores where there are none', () => {
  const none = matrix(null, null, null).map((row) => row.map(() => null));
  const transfer = { rows: 9, logMe: matrix(-1, -2, -3), hScore: none, transRate: none, leep: none, heads: none };
  expect(textOf({ transfer: { ...transfer, headGains: none } })).toContain('LogME');
  const told = textOf({ transfer: { ...transfer, headGains: matrix(0.1, -0.2, 0.01, null, null, null) } });
  expect(told).toContain('  b does better on the features of a than on its own (rmse +10.00 %).');
  expect(told).not.toContain('c does better');
});

test('inputs and units that tasks need, errors, groups', () => {
  const needed = {
    columns: ['u', 'v', 'w'],
    importance: [
      [0.5, 0, 0],
      [0.2, 0.9, 0],
      [0, 0, 0],
    ],
    overlap: matrix(0.9, null, -0.5),
  };
  const text = textOf({
    inputs: needed,
    errors: {
      rows: 9,
      pairs: [
        {
          ...{ tasks: ['a', 'b'], rows: 9, doubleFault: 0.1, doubleFaultByChance: 0.1, disagreement: 0.1, q: 0.5 },
          ...{
            residualDependence: 0.3,
            residualPValue: 0.01,
            information: [0.2, 0.2],
            informationPValues: [0.01, 0.3],
          },
        },
      ],
    },
    grouping: {
      by: 'affinity',
      byBudget: [
        { budget: 1, groups: [['a', 'b', 'c']], servedBy: { a: 0, b: 0, c: 0 }, score: 0.001, bound: 0.001 },
        { budget: 2, groups: [['a', 'b'], ['c']], servedBy: { a: 0, b: 0, c: 1 }, score: 0.02, bound: 0.02 },
      ],
      suggested: 2,
      sharing: {},
      clusters: [{ clusters: [0, 1], tasks: ['a', 'b'], distance: 0.25 }],
    },
  });
  expect(text).toContain('  b: v (loss +90.00 %), u (loss +20.00 %)');
  expect(text).toContain('Most alike in the inputs that they need: a and b (0.9000); least: b and c (−0.5000).');
  expect(text).toContain('  Of a, predictions of b say something that its own do not.');
  expect(text).not.toContain('Of b, predictions of');
  expect(text).toContain('  at most 2: a + b; c (mean affinity 2.000 %)');
  expect(text).toContain('  Suggested: a + b; c; grouped.yaml trains them as branches.');
  expect(text).toContain('  Most alike in features: a and b (CKA 0.7500).');
});

test('of forty tasks the strongest pairs and no matrices, but where the rest is', () => {
  const tasks = Array.from({ length: 40 }, (_, n) => task(`t${n}`));
  const pairs = tasks.flatMap(({ name }, i) =>
    tasks.slice(i + 1).map((other) => ({
      ...{ tasks: [name, other.name] as [string, string], measure: 'pearson' as const, value: 1 / (i + 2) },
      ...{ pValue: 0.5, rows: 9 },
    })),
  );
  const none = tasks.map(() => tasks.map(() => 0.1));
  const text = textOf({
    tasks,
    labels: { rows: 9, coLabelled: [], pairs },
    observed: {
      ...{ looks: 8, affinity: none, cosine: none, conflictRate: none.map((row) => row.map(() => 0.9)) },
      ...{ magnitudeSimilarity: none, firstOrderAffinity: none },
    },
  });
  expect(text).toContain('… and 760 further pairs, in analysis.json.');
  expect(text).toContain('40 × 40: see analysis.html.');
  expect(text).toMatch(/more than half of the looks: t0 and t1 \(90 %\), .*, and 770 more\.\n/);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(400);
});

test('of an analysis that was stopped', () => {
  const grouping = {
    by: 'affinity' as const,
    byBudget: [{ budget: 2, groups: [['a', 'b'], ['c']], servedBy: { a: 0, b: 0, c: 1 }, score: 0.02, bound: 0.02 }],
    suggested: 1,
  };
  const text = textOf({ status: 'interrupted', grouping });
  expect(text).toContain('  Suggested: a + b; c.');
  expect(text).toMatch(/Stopped before its end, after 5\.0 s$/);
});

import { describe, expect, it } from 'vitest';
import { drawPage } from '../../src/report/page.js';
import type { ReportedRun } from '../../src/report/reported-run.js';
import { reportSections } from '../../src/report/run-report.js';
import type { MetricsLine, RunDocument } from '../../src/run/document.js';

const hostile = '<script>alert(1)</script>"\'{a|b}';
const better = { rmse: 'lower', r2: 'higher' } as const;
const gain = { gains: [1, 2, 3], seeds: 3, mean: 2, spread: 1, interval: { low: -0.5, high: 4.5 }, verdict: 'cannot tell', seedsNeeded: 5 } as const; // biome-ignore format: one line
const result = (rmse: number) => ({
  parameters: 9,
  epochs: 2,
  seconds: { training: 1, evaluation: 0 },
  tasks: { [hostile]: { loss: 1, rows: 40, rmse, r2: 0.5 }, b: { loss: 1, rows: 30, rmse, r2: 0.25 } },
});

const document = {
  name: hostile,
  status: 'done',
  started: '2026-01-02T03:04:05Z',
  seed: 1,
  given: { data: { use: 'table', source: hostile }, tasks: [{ name: hostile }] },
  backend: { name: 'cpu', wanted: 'cpu' },
  rows: { train: 60, validation: 0, test: 40 },
  fingerprints: { train: 'x', test: 'y' },
  tasks: [
    { name: hostile, type: 'regression', primaryMetric: 'rmse', better },
    { name: 'b', type: 'regression', primaryMetric: 'rmse', better },
  ],
  joint: result(2),
  singleTask: { [hostile]: result(3), b: result(3) },
  baseline: { [hostile]: { rmse: 4 }, b: { rmse: 4 } },
  deltaM: { improvementPercent: 33, improvementPercentByTask: { [hostile]: 33, b: 33 }, leftOut: {} },
  data: {
    columns: [{ column: hostile, use: 'label', type: 'number', why: hostile, missing: 25, range: [0, 1] }],
    notes: [hostile],
  },
} as unknown as RunDocument;

const lines = [1, 2].flatMap((epoch) => [
  { network: 'joint', epoch, steps: epoch, seconds: 1, tasks: { [hostile]: { trainLoss: 2 / epoch, weight: epoch, loss: 3, rmse: 1 }, b: { trainLoss: 1, weight: 1, loss: 3, rmse: 1 } }, cosines: [[1, -0.5], [-0.5, 1]], gradientNorms: { [hostile]: 2, b: 1 / epoch } },
  { network: 'single-task', task: 'b', epoch, steps: epoch, seconds: 1, tasks: { b: { trainLoss: 1, weight: 1, loss: 3, rmse: 2 } } },
] as unknown as MetricsLine[]); // biome-ignore format: lines of metrics.jsonl

const answers: ReportedRun['answers'] = {
  rows: 30,
  of: 40,
  tasks: {
    [hostile]: { kind: 'classes', classes: [hostile, 'no'], counts: [[8, 2], [1, 9]], bins: [{ rows: 20, said: 0.9, found: 0.85 }], of: 'answer' }, // biome-ignore format: one line
    b: { kind: 'numbers', pairs: [[1, 2], [2, 2.5]] }, // biome-ignore format: one line
  },
};
const run: ReportedRun = { name: hostile, document, lines, answers };
const titles = (runs: readonly ReportedRun[]) => reportSections(runs).map(({ title }) => title);
const find = (runs: readonly ReportedRun[], title: string) => reportSections(runs).find((one) => one.title === title);

describe('reportSections', () => {
  it('has a part for all that the run says', () => {
    expect(titles([run])).toEqual([
      ...[
        'Results',
        'Together or alone',
        'Learning curves',
        'Weights over time',
        'Lengths of gradients',
        'Cosines between gradients',
      ],
      ...['Confusions', 'Predicted against true', 'How sure, and how right', 'Data', 'Configuration'],
    ]);
    expect(find([run], 'Results')?.tables?.[0]?.rows[1]).toEqual([
      'b',
      'rmse ↓',
      '2.000',
      '4.000',
      '3.000',
      30,
      'r2 0.2500',
    ]);
    expect(find([run], 'Data')?.tables?.[0]?.rows[0]?.slice(2)).toEqual([60, 0, 40, 40, '25 (25.00 %)']);
    expect(find([run], 'Confusions')?.notes).toContain('30 of 40 test rows.');
    expect(find([run], 'How sure, and how right')?.pictures?.[0]?.title).toContain('calibration error 0.05000');
  });

  it('leaves parts out for which there is nothing, and says why answers are missing', () => {
    const { deltaM: _, singleTask: __, baseline: ___, data: ____, ...bare } = document;
    const without = { ...run, document: bare, lines: [], answers: { reason: 'the table is gone.' } };
    expect(titles([without])).toEqual(['Results', 'Answers for the test rows', 'Data', 'Configuration']);
    expect(find([without], 'Answers for the test rows')?.notes).toEqual([
      `Not shown for ${hostile}: the table is gone.`,
    ]);
    const begun = { ...without, document: { ...bare, joint: undefined, status: 'running' } as unknown as RunDocument };
    expect(find([begun], 'Results')?.notes?.join()).toContain('is not finished (running)');
  });

  it('says of a repeated run what its seeds say', () => {
    const spread = { mean: 2.5, spread: 0.125 };
    const overSeeds = {
      seeds: [1, 2, 3],
      joint: { b: { rmse: spread } },
      singleTask: { b: { rmse: spread } },
      transfer: { tasks: { b: gain }, mean: { ...gain, verdict: 'hurts' }, leftOut: [] },
    } as unknown as NonNullable<RunDocument['overSeeds']>;
    const repeated = { ...run, document: { ...document, overSeeds } };
    const section = find([repeated], 'Together or alone');
    expect(section?.notes?.at(-1)).toBe('Δm +2.00 % over 3 seeds (95 %: −0.50 % to +4.50 %). Learning together hurts.');
    expect(section?.tables?.[0]?.rows[1]).toEqual(['b', '+2.00 %', '−0.50 % to +4.50 %', 'cannot tell', 5]);
    expect(find([repeated], 'Results')?.tables?.[0]?.rows[1]?.slice(2, 5)).toEqual([
      '2.500 ± 0.13',
      '4.000',
      '2.500 ± 0.13',
    ]);
  });

  it('puts several runs side by side on the same axes, and says whether their rows are the same', () => {
    const other = { ...run, name: 'other', document: { ...document, fingerprints: { train: 'z', test: 'y' } } };
    expect(find([run, { ...run, name: 'same' }], 'Data')?.notes).toContain('All runs have the same rows.');
    expect(find([run, other], 'Data')?.notes?.[0]).toMatch(/do not have the same rows/);
    const curves = find([run, other], 'Learning curves')?.pictures?.[0]?.option.series as { name: string }[];
    expect(new Set(curves.map(({ name }) => name))).toEqual(new Set([hostile, 'other']));
    const gains = find([run, other], 'Together or alone')?.pictures ?? [];
    expect(gains.map(({ option }) => (option.xAxis as { max: number }).max)).toEqual([33, 33]);
  });
});

describe('drawPage', () => {
  it('is one file without scripts, and nothing of a network, whatever names there are', async () => {
    const sections = reportSections([run, { ...run, name: 'other' }]);
    const { html, pictures } = await drawPage({ title: hostile, subtitle: hostile, sections });
    expect(pictures.length).toBeGreaterThan(10);
    expect(html.match(/<script|javascript:|onerror|<img|<link|<iframe|url\((?!#)/gi)).toBeNull();
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].every(([, target]) => target?.startsWith('#'))).toBe(true);
    expect([...html.matchAll(/https?:\/\/[^"]*/g)].every(([url]) => url === 'http://www.w3.org/2000/svg')).toBe(true);
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    // Every variable that is used is defined, for light and for dark.
    const used = new Set([...html.matchAll(/var\((--\w+)\)/g)].map(([, name]) => name as string));
    for (const name of used) expect(html.split(`${name}:`).length, name).toBe(4);
  });
});

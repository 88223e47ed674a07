import type { OverSeeds, RunDocument } from '../run/document.js';
import { type Interval, intervalChart } from './interval-chart.js';
import type { Section } from './page.js';
import type { ReportedRun } from './reported-run.js';

type Gain = NonNullable<OverSeeds['transfer']>['tasks'][string];

/** What learning together did to every task, with intervals where the run was repeated. */
export function comparisonSection(runs: readonly ReportedRun[]): Section | undefined {
  const compared = runs.filter(({ document }) => document.deltaM);
  if (compared.length === 0) return undefined;
  const notes = compared.flatMap(({ name, document }) => {
    const mean = document.overSeeds?.transfer?.mean;
    const called = runs.length > 1 ? `${name}: ` : '';
    if (!mean)
      return [
        `${called}Measured with one seed (${document.seed}): another one may say the opposite. With “repeat: 5” in the run file, five are trained.`,
      ];
    return [`${called}Δm ${percent(mean.mean)} over ${mean.seeds} seeds${intervalText(mean)}. ${verdictText(mean)}`];
  });
  const all = compared
    .flatMap(({ document }) => intervalsOf(document))
    .flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const [lowest, highest] = [Math.floor(Math.min(0, ...all)), Math.ceil(Math.max(0, ...all))];
  return {
    title: 'Together or alone',
    notes: [
      'What learning together gained by the primary metric, in percent of what was reached alone: above 0, together is better.' +
        (isRepeated(compared)
          ? ' Bars: where the mean over very many seeds lies, with 95 % confidence, on the same rows.'
          : ''),
      ...notes,
    ],
    pictures: compared.map(({ name, document }) => {
      const rows = intervalsOf(document);
      return intervalChart({
        title: runs.length > 1 ? `Gain of learning together: ${name}` : 'Gain of learning together',
        description: rows.map((row) => `${row.name} ${percent(row.value)}`).join(', '),
        x: 'gain in % of the value alone',
        rows,
        ...(compared.length > 1 && { range: [lowest, highest] as const }),
      });
    }),
    tables: [tableOf(compared, runs.length > 1)],
  };
}

function isRepeated(runs: readonly ReportedRun[]): boolean {
  return runs.some(({ document }) => document.overSeeds?.transfer !== undefined);
}

function tableOf(runs: readonly ReportedRun[], several: boolean) {
  // What seeds say has columns where there are seeds.
  const repeated = isRepeated(runs);
  const rows = runs.flatMap(({ name: run, document }) =>
    Object.entries(document.deltaM?.improvementPercentByTask ?? {}).map(([task, once]) => {
      const gain = document.overSeeds?.transfer?.tasks[task];
      const needed = gain?.verdict === 'cannot tell' ? (gain.seedsNeeded ?? 'more than 1000') : '';
      const names = [task, ...(several ? [run] : [])];
      return gain === undefined
        ? [...names, percent(once), ...(repeated ? ['–', 'one seed', ''] : [])]
        : [...names, percent(gain.mean), intervalText(gain).replace(/^ \(95 %: |\)$/g, ''), gain.verdict, needed];
    }),
  );
  const head = [
    'task',
    ...(several ? ['run'] : []),
    'gain',
    ...(repeated ? ['95 %', 'together', 'seeds it may take'] : []),
  ];
  return { head, rows };
}

/** Gains of a run, the mean last. */
function intervalsOf({ overSeeds, deltaM }: RunDocument): Interval[] {
  const transfer = overSeeds?.transfer;
  if (transfer?.mean) {
    const rows = [...Object.entries(transfer.tasks), ['mean (Δm)', transfer.mean] as const];
    return rows.map(([name, gain]) => ({ name, value: gain.mean, ...gain.interval, tone: toneOf(gain) }));
  }
  const once = Object.entries(deltaM?.improvementPercentByTask ?? {});
  const all = [...once, ['mean (Δm)', deltaM?.improvementPercent ?? 0] as const];
  return all.map(([name, value]) => ({ name, value, tone: 'muted' }));
}

function toneOf({ verdict }: Gain): NonNullable<Interval['tone']> {
  return verdict === 'helps' ? 'better' : verdict === 'hurts' ? 'worse' : 'muted';
}

function verdictText({ verdict, seedsNeeded }: Gain): string {
  if (verdict === 'helps') return 'Learning together helps.';
  if (verdict === 'hurts') return 'Learning together hurts.';
  return `That does not tell whether it helps or hurts${seedsNeeded === null ? '' : `; about ${seedsNeeded} seeds could`}.`;
}

function intervalText({ interval }: Gain): string {
  return interval === null ? '' : ` (95 %: ${percent(interval.low)} to ${percent(interval.high)})`;
}

function percent(value: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(2)} %`.replace('-', '−');
}

import type { MetricsLine } from '../run/document.js';
import { heatMap } from './heat-map.js';
import { type Line, lineChart } from './line-chart.js';
import type { Section } from './page.js';
import type { Picture } from './picture.js';
import { type ReportedRun, taskNames } from './reported-run.js';

/** How training went, epoch by epoch: losses and metrics, weights, lengths of gradients and cosines between them. */
export function curveSections(runs: readonly ReportedRun[]): (Section | undefined)[] {
  return [learningCurves(runs), weights(runs), gradientNorms(runs), cosines(runs)];
}

function learningCurves(runs: readonly ReportedRun[]): Section | undefined {
  const pictures = taskNames(runs).flatMap((task) => {
    const metric = runs
      .map(({ document }) => document.tasks.find(({ name }) => name === task)?.primaryMetric)
      .find(Boolean);
    const losses = runs.flatMap((run, index) => [
      ...linesOf(run, runs, task, 'trainLoss', { name: 'training', index, dashed: true }),
      ...linesOf(run, runs, task, 'loss', { name: 'validation', index }),
    ]);
    const metrics = runs.flatMap((run, index) =>
      linesOf(run, runs, task, String(metric), { name: 'together', index, alone: true }),
    );
    const seen = (lines: readonly Line[]) => lines.some(({ points }) => points.some(([, value]) => value !== null));
    return [
      ...(seen(losses) ? [chart(`${task}: loss`, 'loss', losses)] : []),
      ...(seen(metrics) ? [chart(`${task}: ${metric} on the validation rows`, String(metric), metrics)] : []),
    ];
  });
  if (pictures.length === 0) return undefined;
  const repeated = runs.some(({ document }) => document.repeats !== undefined);
  return {
    title: 'Learning curves',
    notes: [
      `Per task and epoch${runs.length > 1 ? '; dashed: training, solid: validation' : ', for training and, where rows are set apart, validation'}.` +
        (repeated ? ' Pale lines are further seeds.' : ''),
    ],
    pictures,
  };
}

function chart(title: string, y: string, lines: readonly Line[]): Picture {
  const names = [...new Set(lines.map(({ name }) => name))].join(', ');
  return lineChart({ title, description: `By epoch: ${names}`, x: 'epoch', y, lines });
}

/** A number of every epoch: of one run by what it is, of several by the run. Networks alone are shown where there is one run. */
function linesOf(
  run: ReportedRun,
  runs: readonly ReportedRun[],
  task: string,
  key: string,
  { name, index, dashed = false, alone = false }: { name: string; index: number; dashed?: boolean; alone?: boolean },
): Line[] {
  const one = runs.length === 1;
  const networks = [['joint', name] as const, ...(alone && one ? [['single-task', 'alone'] as const] : [])];
  return networks.flatMap(([network, called]) => {
    const lines = run.lines.filter((line) => line.network === network && (network === 'joint' || line.task === task));
    const seeds = [...new Set(lines.map(({ seed }) => seed))];
    return seeds.map((seed): Line => {
      const points = lines.filter((line) => line.seed === seed).map((line) => [line.epoch, line.tasks[task]?.[key] ?? null] as const);
      return {
        name: one ? called : run.name,
        points,
        ...(one ? {} : { colour: index }),
        dashed: dashed && !one,
        faint: seed !== undefined,
      };
    });
  }).filter(({ points }) => points.some(([, value]) => value !== null)); // biome-ignore format: one chain
}

/** Lines of the joint network, of the first seed. */
const jointLines = ({ lines }: ReportedRun): MetricsLine[] =>
  lines.filter(({ network, seed }) => network === 'joint' && seed === undefined);

function weights(runs: readonly ReportedRun[]): Section | undefined {
  const pictures = runs.flatMap((run) => {
    const lines = run.document.tasks.map(({ name }) => ({
      name,
      points: jointLines(run).map((line) => [line.epoch, line.tasks[name]?.weight ?? null] as const),
    }));
    const values = lines.flatMap(({ points }) => points.flatMap(([, value]) => (value === null ? [] : [value])));
    if (values.length === 0 || values.every((value) => value === values[0])) return [];
    return [chart(runs.length > 1 ? `Weights: ${run.name}` : 'Weights', 'weight', lines)];
  });
  if (pictures.length === 0) return undefined;
  return {
    title: 'Weights over time',
    notes: ['The effective weight of each task in the step of the shared parameters, as a mean over the epoch.'],
    pictures,
  };
}

function gradientNorms(runs: readonly ReportedRun[]): Section | undefined {
  const pictures = runs.flatMap((run) => {
    const found = jointLines(run).flatMap((line) =>
      line.gradientNorms === undefined ? [] : [[line.epoch, line.gradientNorms] as const],
    );
    if (found.length === 0) return [];
    const lines = Object.keys(found[0]?.[1] ?? {}).map((name) => ({
      name,
      points: found.map(([epoch, norms]) => [epoch, norms[name] ?? null] as const),
    }));
    return [chart(runs.length > 1 ? `Lengths: ${run.name}` : 'Lengths', 'length', lines)];
  });
  if (pictures.length === 0) return undefined;
  return {
    title: 'Lengths of gradients',
    notes: ["Mean over the epoch of the length of each task's gradient of what tasks share, before any weight."],
    pictures,
  };
}

function cosines(runs: readonly ReportedRun[]): Section | undefined {
  const pictures = runs.flatMap((run) => {
    const lines = jointLines(run).filter(({ cosines: found }) => found !== undefined);
    const names = run.document.tasks.map(({ name }) => name);
    const last = lines.at(-1)?.cosines;
    if (last === undefined || names.length < 2) return [];
    const pairs = names.flatMap((_, i) => names.slice(i + 1).map((__, j) => [i, i + 1 + j] as const));
    const called = runs.length > 1 ? `: ${run.name}` : '';
    const series = pairs.map(([i, j]) => ({
      name: `${names[i]} – ${names[j]}`,
      points: lines.map((line) => [line.epoch, line.cosines?.[i]?.[j] ?? null] as const),
    }));
    const matrix = last.map((row, i) => row.map((value, j) => (i === j ? null : value)));
    return [
      ...(pairs.length <= 16 ? [chart(`Cosines${called}`, 'cosine', series)] : []),
      heatMap({
        title: `Cosines in the last epoch${called}`,
        description: series.map(({ name, points }) => `${name} ${points.at(-1)?.[1] ?? 'unknown'}`).join(', '),
        rows: names,
        columns: names,
        values: matrix,
        diverging: true,
        full: 1,
      }),
    ];
  });
  if (pictures.length === 0) return undefined;
  return {
    title: 'Cosines between gradients',
    notes: [
      'Mean over the epoch of the cosine between the gradients of two tasks; below 0 their steps are against each other.',
    ],
    pictures,
  };
}

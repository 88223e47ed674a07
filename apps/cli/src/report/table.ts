import type { OverSeeds, RunDocument, TaskSummary } from '@polytask/experiment';
import Table from 'cli-table3';
import type { Colors } from '../io.js';
import { counted, formatChange, formatSeconds, formatSpread, formatValue } from './format.js';

type Gain = NonNullable<OverSeeds['transfer']>['tasks'][string];

const borders = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};

/** The results of a run as text: a row per task, then in words what the comparison says and what it cost. */
export function resultTable(document: RunDocument, colors: Colors): string {
  const { tasks, joint, singleTask, deltaM, overSeeds } = document;
  const metrics = metricColumns(tasks);
  const compared = singleTask !== undefined && Object.keys(singleTask).length > 0;
  const hasBaseline = document.baseline !== undefined;
  const head = [
    'task',
    ...metrics.map((metric) => withDirection(metric, tasks)),
    ...(hasBaseline ? ['baseline'] : []),
    ...(compared ? [aloneTitle(tasks), 'Δm'] : []),
    ...(compared && overSeeds !== undefined ? ['together'] : []),
  ];
  const rows = tasks.map(({ name, primaryMetric }) => {
    // A metric that a task does not have leaves its cell empty; one without a labelled row is a dash.
    const values = joint?.tasks?.[name] ?? {};
    const measured = metrics.map((metric) => (metric in values ? cell(metric, values, overSeeds?.joint[name]) : ''));
    const constant = hasBaseline ? [baselineCell(document, name, colors)] : [];
    const together = [...measured, ...constant];
    if (!compared) return [name, ...together];
    const alone = cell(primaryMetric, singleTask[name]?.tasks?.[name] ?? {}, overSeeds?.singleTask?.[name]);
    const gain = overSeeds?.transfer?.tasks[name];
    if (overSeeds !== undefined) return [name, ...together, alone, ...gainCells(gain, colors)];
    return [name, ...together, alone, change(deltaM?.improvementPercentByTask[name], colors)];
  });
  const means = overSeeds?.transfer?.mean
    ? gainCells(overSeeds.transfer.mean, colors)
    : deltaM
      ? [change(deltaM.improvementPercent, colors)]
      : undefined;
  const mean = means ? [['mean', ...metrics.map(() => ''), ...(hasBaseline ? [''] : []), '', ...means]] : [];
  const lines = plainTable(
    head.map((title) => colors.dim(title)),
    [...rows, ...mean.map((cells) => cells.map((cell) => colors.bold(cell)))],
  );
  return [
    ...lines,
    '',
    ...baselineInWords(document),
    ...comparisonInWords(document),
    ...epochsInWords(document),
    ...costs(document),
  ].join('\n');
}

/** Lines of a table without borders: the first column at the left, the others at the right unless they hold words. */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  others: 'left' | 'right' = 'right',
): string[] {
  const table = new Table({
    chars: borders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, column) => (column === 0 ? 'left' : others)),
  });
  table.push([...head], ...rows.map((cells) => [...cells]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** Primary metrics in the order of the tasks, then those that say how much of what can be learned was. */
export function metricColumns(tasks: readonly TaskSummary[]): string[] {
  const primary = tasks.map(({ primaryMetric }) => primaryMetric);
  const telling = ['r2', 'auc', 'macroF1'].filter((metric) => tasks.some(({ better }) => metric in better));
  return [...new Set([...primary, ...telling])];
}

/** What one prediction for all rows gets by a task's primary metric, marked where the model does no better. */
function baselineCell(document: RunDocument, task: string, colors: Colors): string {
  const { primaryMetric = '' } = document.tasks.find(({ name }) => name === task) ?? {};
  const text = formatValue(document.baseline?.[task]?.[primaryMetric]);
  return notBetter(document).includes(task) ? colors.red(`${text} ✗`) : text;
}

/** Tasks whose primary metric is no better than the baseline's. */
function notBetter({ tasks, joint, baseline = {} }: RunDocument): string[] {
  return tasks.flatMap(({ name, primaryMetric, better }) => {
    const [ours, constant] = [joint?.tasks?.[name]?.[primaryMetric], baseline[name]?.[primaryMetric]];
    if (typeof ours !== 'number' || typeof constant !== 'number' || Number.isNaN(ours) || Number.isNaN(constant))
      return [];
    const gain = better[primaryMetric] === 'lower' ? constant - ours : ours - constant;
    return gain > 0 ? [] : [name];
  });
}

function baselineInWords(document: RunDocument): string[] {
  const tasks = notBetter(document);
  if (tasks.length === 0) return [];
  return [
    `✗ ${tasks.join(', ')}: no better than one prediction for all rows, the mean or the most frequent class of the training labels.`,
  ];
}

/** Best epochs, and whether more would have been better. */
function epochsInWords({ joint }: RunDocument): string[] {
  if (joint?.bestEpoch === undefined) return [];
  const { bestEpoch, epochs, stopped, restored } = joint;
  const named = Object.entries(bestEpoch);
  const falling = named.filter(([, epoch]) => epoch === epochs).map(([name]) => name);
  const kept =
    typeof restored === 'number'
      ? `; parameters of epoch ${restored}`
      : restored === undefined
        ? ''
        : '; each task has its own';
  return [
    `Best epochs of ${epochs}: ${named.map(([name, epoch]) => `${name} ${epoch}`).join(', ')}${kept}`,
    ...(stopped === 'epochs' && falling.length > 0
      ? [`The validation loss of ${falling.join(', ')} was still falling in the last epoch: raise \`training.epochs\`.`]
      : []),
  ];
}

/** Names the metric where it is the same for all tasks. */
function aloneTitle(tasks: readonly TaskSummary[]): string {
  const [metric, ...others] = new Set(tasks.map(({ primaryMetric }) => primaryMetric));
  return others.length === 0 ? `${metric} alone` : 'alone';
}

/** A metric with an arrow to where it is better; none where it cannot be ranked. */
export function withDirection(metric: string, tasks: readonly TaskSummary[]): string {
  const better = tasks.map((task) => task.better[metric]).find((side) => side !== undefined);
  return `${metric} ${better === 'lower' ? '↓' : '↑'}`;
}

function change(percent: number | undefined, colors: Colors): string {
  if (percent === undefined) return '–';
  const text = formatChange(percent);
  if (text.startsWith('±')) return text;
  return percent > 0 ? colors.green(text) : colors.red(text);
}

/** A metric; under `repeat` its mean and spread. */
function cell(
  metric: string,
  values: { readonly [metric: string]: unknown },
  spreads: OverSeeds['joint'][string] | undefined,
): string {
  const spread = spreads?.[metric];
  return spread === undefined ? formatValue(values[metric]) : formatSpread(spread);
}

/** A gain with its spread, and what the seeds say of it. */
function gainCells(gain: Gain | undefined, colors: Colors): string[] {
  if (gain === undefined) return ['–', ''];
  const { mean, spread, verdict } = gain;
  const text = `${formatChange(mean)}${spread === null ? '' : ` ± ${spread.toFixed(2)}`}`;
  const paint = { helps: colors.green, hurts: colors.red, 'cannot tell': (same: string) => same }[verdict];
  return [paint(text), paint(verdict)];
}

/** What the sign of Δm says about this run: nothing, as long as the spread of seeds is not known, or larger. */
function comparisonInWords(document: RunDocument): string[] {
  const { deltaM, tasks, seed, singleTask, overSeeds } = document;
  if (singleTask === undefined || deltaM === undefined) return [];
  if (deltaM === null) return ['No task can be compared with its single-task network.'];
  const { improvementPercent, leftOut } = deltaM;
  const mean = overSeeds?.transfer?.mean;
  const count = tasks.length - Object.keys(leftOut).length;
  const said = mean
    ? [`Δm ${formatChange(mean.mean)}${rangeOf(mean)}: ${verdictInWords(mean)}`]
    : [`Δm ${formatChange(improvementPercent)} with seed ${seed}.`];
  return [
    ...said,
    `  Mean over ${counted(count, 'task')} by primary metric; positive means that joint training is better.`,
    ...(mean ? seedsInWords(document) : ['  Another seed may give another sign; `repeat: 5` says whether it does.']),
    ...Object.entries(leftOut).map(([task, reason]) => `  Left out: ${task}, ${reason}.`),
  ];
}

function rangeOf({ interval }: Gain): string {
  return interval === null ? '' : ` (95 %: ${formatChange(interval.low)} to ${formatChange(interval.high)})`;
}

function verdictInWords({ verdict, seeds, seedsNeeded }: Gain): string {
  if (verdict === 'helps') return 'learning together is better than learning each task alone.';
  if (verdict === 'hurts') return 'learning together is worse than learning each task alone.';
  return `${counted(seeds, 'seed')} cannot tell whether learning together helps or hurts${needed(seedsNeeded)}.`;
}

function needed(seeds: number | null): string {
  return seeds === null ? '' : `; about ${seeds} could`;
}

function seedsInWords({ overSeeds }: RunDocument): string[] {
  const { seeds = [], transfer } = overSeeds ?? {};
  const unclear = Object.entries(transfer?.tasks ?? {}).filter(([, { verdict }]) => verdict === 'cannot tell');
  const wanted = unclear.map(([task, { seedsNeeded }]) => `${task} ${seedsNeeded ?? 'more than 1000'}`);
  return [
    `  Over seeds ${seeds[0]} to ${seeds.at(-1)}, on the same rows; the model is that of seed ${seeds[0]}.`,
    ...(wanted.length === 0 ? [] : [`  Seeds that a verdict may take: ${wanted.join(', ')}.`]),
  ];
}

function costs({ joint, singleTask = {}, seconds, backend }: RunDocument): string[] {
  if (joint === undefined) return [];
  const alone = Object.values(singleTask);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const networks = `in ${counted(alone.length, 'network')} alone`;
  const time = formatSeconds(joint.seconds.training);
  const timeAlone = formatSeconds(sum(alone.map((network) => network.seconds.training)));
  const parametersAlone = sum(alone.map(({ parameters }) => parameters));
  return [
    `Parameters: ${joint.parameters}${alone.length > 0 ? ` together, ${parametersAlone} ${networks}` : ''}`,
    `Training time: ${time}${alone.length > 0 ? ` together, ${timeAlone} ${networks}` : ''} (backend ${backend.name})`,
    ...(seconds === undefined ? [] : [`Whole run: ${formatSeconds(seconds)}`]),
  ];
}

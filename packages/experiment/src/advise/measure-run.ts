import {
  affinityScore,
  type Change,
  labelDependence,
  type Measured,
  type MeasurementName,
  negativeTransfer,
} from '@polytask/analysis';
import type { AnyTask, MultiTaskDataset } from '@polytask/core';
import { branchesFor, groupsWithin, servedTasks } from '../analysis/grouping-stage.js';
import type { MetricsLine, RunDocument } from '../run/document.js';
import { networksOf, resultOf } from '../run/networks.js';
import { overSeeds } from '../run/over-seeds.js';

/** Labels of one task in the training rows. */
export interface TaskLabels {
  readonly kind: 'classes' | 'numbers';
  readonly values: Float64Array;
}

/** The observer that looks at gradients while the run is measured. */
export const gradientObserver = { use: 'gradient-similarity', interval: 10 } as const;

/** Rows between which dependence of labels is measured: more make it no surer. */
const mostRows = 5000;

/** Labels of the training rows, by task; those that are more than a number per row are left out. */
export async function readLabels(
  tasks: readonly AnyTask[],
  train: MultiTaskDataset,
): Promise<{ readonly [task: string]: TaskLabels }> {
  const plain = tasks.filter(({ target }) => target.shape.length === 0);
  const found = plain.map((task) => ({ task, values: new Float64Array(train.size).fill(Number.NaN) }));
  const cursor = train.open({ batchSize: 1024 });
  cursor.seek(0, 0);
  let row = 0;
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
    for (const { task, values } of found) {
      const labels = batch.columns[task.column]?.data;
      // A task that has rows of its own is not in every batch.
      if (labels !== undefined && labels.length === batch.size)
        values.set(labels.subarray(0, values.length - row), row);
    }
    row += batch.size;
    if (row >= train.size) break;
  }
  return Object.fromEntries(
    found.map(({ task, values }): [string, TaskLabels] => {
      const classes = task.type !== 'regression';
      if (classes) for (const [index, value] of values.entries()) if (Number.isNaN(value)) values[index] = -1;
      return [task.name, { kind: classes ? 'classes' : 'numbers', values }];
    }),
  );
}

/**
 * What advice is drawn from: how much data there is, and what joint and single-task networks did, as far as they were trained.
 *
 * @param labels - Of the training rows, as {@link readLabels} gives them.
 * @param trunk - What the tasks share, and how many stages its encoder has; where that is not known, nothing is said of branches.
 */
export function measuredOf(
  document: RunDocument,
  lines: readonly MetricsLine[],
  labels: { readonly [task: string]: TaskLabels },
  trunk?: Trunk,
): Measured {
  const values: { [Name in MeasurementName]?: number } = {};
  const tasks: { [Name in MeasurementName]?: readonly string[] } = {};
  const add = (name: MeasurementName, value: number | undefined, of: readonly string[] = []) => {
    if (value === undefined || !Number.isFinite(value)) return;
    values[name] = value;
    tasks[name] = of;
  };
  const names = document.tasks.map(({ name }) => name);
  add('tasks', names.length, names);
  add('rows', document.rows.train);
  addLabels(add, document, labels);
  const observed = document.joint?.observations?.[gradientObserver.use];
  addGradients(add, names, observed);
  const branched = trunk && branchesBy(names, observed, trunk);
  if (branched) add('branches', branched.groups.length, [branched.groups.join('; ')]);
  addCurves(add, document, lines);
  addTransfer(add, document);
  return { values, tasks, ...(branched && { changes: { 'branch-by-cosine': branched.change } }) };
}

/** What all tasks share as it is written, and the stages of its encoder. */
export interface Trunk {
  readonly sharing: Readonly<Record<string, unknown>>;
  readonly stages: number;
}

/** Branches of the last shared layer: as many as the bench `affinity` has. */
const mostBranches = 3;

/** The best groups by the cosines of gradients, and the sharing that has them as branches; undefined where there are no several. */
function branchesBy(
  names: readonly string[],
  observed: unknown,
  { sharing, stages }: Trunk,
): { readonly groups: string[]; readonly change: Change } | undefined {
  const { blocks } = (observed ?? {}) as { blocks?: { shared?: { cosine: (number | null)[][] } } };
  if (blocks?.shared === undefined || names.length < 3) return undefined;
  const { cosine } = blocks.shared;
  // Auxiliary objectives that are balanced like tasks come after the tasks.
  const between = names.map((_, i) => names.map((__, j) => (i === j ? 0 : (cosine[i]?.[j] ?? 0))));
  const budget = Math.min(mostBranches, names.length - 1);
  const found = groupsWithin(budget, names, affinityScore(between));
  const branched = branchesFor(found, sharing, stages);
  if (branched === undefined) return undefined;
  return { groups: servedTasks(found).map((group) => group.join(' + ')), change: { set: { sharing: branched } } };
}

type Add = (name: MeasurementName, value: number | undefined, of?: readonly string[]) => void;

function addLabels(add: Add, { joint, rows }: RunDocument, labels: { readonly [task: string]: TaskLabels }): void {
  const counts = Object.entries(labels).map(([name, { kind, values }]) => {
    const labelled = values.filter((value) => (kind === 'classes' ? value >= 0 : Number.isFinite(value)));
    return { name, labelled: labelled.length };
  });
  add('parameters', joint?.parameters);
  if (counts.length === 0) return;
  const all = counts.reduce((sum, { labelled }) => sum + labelled, 0);
  if (joint !== undefined) add('parametersPerLabel', joint.parameters / all);
  const [fewest] = [...counts].sort((a, b) => a.labelled - b.labelled);
  if (fewest) add('labelledShare', fewest.labelled / Math.max(1, rows.train), [fewest.name]);
  const some = Object.entries(labels).map(([name, { kind, values }]) => ({
    name,
    kind,
    values: values.subarray(0, mostRows),
  }));
  const pairs = some.flatMap((a, index) => some.slice(index + 1).map((b) => ({ a, b })));
  add(...largest('dependence', pairs.map(({ a, b }) => [Math.abs(dependence(a, b)), [a.name, b.name]] as const))); // biome-ignore format: one line
}

function dependence(a: TaskLabels, b: TaskLabels): number {
  return labelDependence(a, b, { permutations: 0 }).value;
}

/** The largest of several, and whose it is. */
function largest(
  name: MeasurementName,
  found: readonly (readonly [value: number, of: readonly string[]])[],
): [MeasurementName, number | undefined, readonly string[]] {
  const [first] = found.filter(([value]) => Number.isFinite(value)).sort(([a], [b]) => b - a);
  return [name, first?.[0], first?.[1] ?? []];
}

function addGradients(add: Add, names: readonly string[], observed: unknown): void {
  const { blocks } = (observed ?? {}) as {
    blocks?: { shared?: { conflictRate: (number | null)[][]; magnitudeSimilarity: (number | null)[][] } };
  };
  if (blocks?.shared === undefined) return;
  const { conflictRate, magnitudeSimilarity } = blocks.shared;
  const pairs = (matrix: (number | null)[][], sign: 1 | -1) =>
    names.flatMap((a, i) => names.slice(i + 1).map((b, j) => [sign * (matrix[i]?.[i + 1 + j] ?? Number.NaN), [a, b]] as const)); // biome-ignore format: one line
  add(...largest('conflictRate', pairs(conflictRate, 1)));
  const [name, value, of] = largest('magnitudeSimilarity', pairs(magnitudeSimilarity, -1));
  add(name, value === undefined ? undefined : -value, of);
}

function addCurves(add: Add, { joint, tasks }: RunDocument, lines: readonly MetricsLine[]): void {
  const last = lines.filter(({ network, seed }) => network === 'joint' && seed === undefined).at(-1);
  const ratios = tasks.map(({ name }) => {
    const { loss, trainLoss } = last?.tasks[name] ?? {};
    const known = typeof loss === 'number' && typeof trainLoss === 'number' && trainLoss > 0;
    return [known ? loss / trainLoss : Number.NaN, [name]] as const;
  });
  add(...largest('overfitting', ratios));
  const best = Object.entries(joint?.bestEpoch ?? {}).sort(([, a], [, b]) => a - b);
  const [earliest, latest] = [best[0], best.at(-1)];
  if (best.length > 1 && earliest && latest) add('bestEpochRatio', latest[1] / earliest[1], [earliest[0], latest[0]]);
}

/** Of the seeds that have all their networks. */
function addTransfer(add: Add, document: RunDocument): void {
  const networks = networksOf(document);
  const open = networks.filter((network) => resultOf(document, network)?.tasks === undefined);
  const whole = Math.min(document.config.repeat, ...open.map(({ repetition }) => repetition));
  const found = overSeeds({ ...document, config: { ...document.config, repeat: whole } })?.transfer;
  if (found === undefined) return;
  const verdicts = Object.entries(found.tasks);
  const of = (verdict: string) => verdicts.filter(([, gain]) => gain.verdict === verdict).map(([name]) => name);
  for (const [name, verdict] of [
    ['hurt', 'hurts'],
    ['helped', 'helps'],
    ['unclear', 'cannot tell'],
  ] as const)
    add(name, of(verdict).length, of(verdict));
  const needed = verdicts.flatMap(([, { verdict, seedsNeeded }]) => (verdict === 'cannot tell' ? [seedsNeeded ?? Number.NaN] : [])); // biome-ignore format: one line
  if (needed.length > 0) add('seedsNeeded', Math.max(...needed));
}

/** By primary metric on the test rows, how a variant does beside the run file, over seeds. */
export function gainOver(base: RunDocument, variant: RunDocument): ReturnType<typeof negativeTransfer> {
  const values = (document: RunDocument, name: string, metric: string) =>
    networksOf(document)
      .filter(({ task }) => task === undefined)
      .map((network) => Number(resultOf(document, network)?.tasks?.[name]?.[metric] ?? Number.NaN));
  return negativeTransfer(
    Object.fromEntries(
      base.tasks.flatMap(({ name, primaryMetric, better }) => {
        const side = better[primaryMetric];
        if (side === undefined) return [];
        return [
          [
            name,
            { joint: values(variant, name, primaryMetric), alone: values(base, name, primaryMetric), better: side },
          ],
        ];
      }),
    ),
  );
}

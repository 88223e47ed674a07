import {
  firstOrderAffinity,
  gradientSimilarity,
  lookaheadAffinity,
  permutationImportance,
  type RowsInHand,
  relativeGain,
  unitAblation,
} from '@polytask/analysis';
import { type AnyTask, type Encoder, metricDirections, PolytaskError, type State, type Trainer } from '@polytask/core';
import { isMapping } from '../config/paths.js';
import { buildPart } from '../parts/build-part.js';
import { type Network, withoutTaught } from '../parts/network.js';
import type { PreparedRun } from '../parts/prepare-run.js';
import { tableFor } from '../parts/tables.js';
import type { NetworkResult } from '../run/document.js';
import { trainNetwork } from '../run/train-network.js';
import type { AnalysisDocument } from './analysis-document.js';
import { featuresIn, labelsIn, predictedLabels, predictionsIn, someRows } from './analysis-rows.js';
import { type AnalysisSurroundings, networkRun, type RunStage } from './analysis-surroundings.js';
import { compareErrors } from './error-stage.js';
import { type bestGroups, branchesFor, groupTasks } from './grouping-stage.js';
import { inputColumns } from './input-columns.js';
import { compareJointRuns } from './joint-runs.js';
import { analyzeLabels } from './label-stage.js';
import { costOfSets, trainSets } from './train-sets.js';
import { compareFeatures, type KeptNetwork, scoreTransfer, trainHeads } from './transfer-stage.js';

/** What is measured; numbers that are not known are NaN. */
type Measured = { -readonly [Key in keyof AnalysisDocument]?: unknown };

/** How the stages run. */
interface Stages {
  readonly stage: RunStage;
  readonly skip: (stage: string, reason: string) => void;
  readonly goesOn: () => boolean;
}

/** Rows that are enough to measure by: labels; features and predictions; what takes a pass per column or unit. */
const most = { labels: 5000, rows: 2000, passes: 500 } as const;

/** How often the observers look, where a run has this many steps. */
const looks = 60;

/** Rows in memory, with the labels of all tasks side by side. */
interface Rows {
  readonly train: RowsInHand;
  readonly test: RowsInHand;
}

/** All measurements of a run, one stage after the other, each where there is time for it. */
export async function measureRun(
  run: PreparedRun,
  around: AnalysisSurroundings,
  { stage, skip, goesOn }: Stages,
): Promise<Measured> {
  const { tasks, data, config } = run;
  const { seed } = config;
  const { joint: kinds = [], signal, progress } = around;
  if (kinds.length > 0) progress.note(costOfSets(tasks.length, kinds, config.repeat ?? 1));
  if (run.teachers.length > 0) progress.note('Terms that learn from teachers are left out of what is measured.');
  const found: Measured = {};
  /** What a stage has found, but for whether that is all; what it had no time for is skipped. */
  const wholeOf = <Found extends { readonly complete: boolean }>(of: Found | undefined, rest: string) => {
    if (of === undefined) return undefined;
    const { complete, ...whole } = of;
    if (!complete) skip(rest, whyNot(signal));
    return whole;
  };
  const paired = data.train.sources.length <= 1 && data.test.sources.length <= 1;
  if (!paired) skip('what needs labels of all tasks in a row', 'the tasks have data sets of their own');
  const rows: Rows | undefined = paired
    ? { train: await someRows(data.train, most.rows), test: await someRows(data.test, most.rows) }
    : undefined;
  if (paired) {
    const labels = await stage('how labels depend on each other', async () =>
      analyzeLabels(tasks, await someRows(data.train, most.labels), seed, goesOn),
    );
    found.labels = wholeOf(labels, 'how some labels depend on each other');
  }

  const joint = await stage('gradients, while all tasks are trained together', () =>
    trainJoint(run, around, rows, stage),
  );
  Object.assign(found, joint?.measured);
  const { predictions } = joint ?? {};
  if (rows !== undefined && predictions !== undefined) {
    const errors = await stage('where errors fall', () => compareErrors(tasks, rows.test, predictions, seed, goesOn));
    found.errors = wholeOf(errors, 'where some errors fall');
  }

  const alone: Record<string, NetworkResult> = {};
  const networks: (KeptNetwork | undefined)[] = [];
  for (const task of tasks) {
    const trained = await stage(`what task ${task.name} learns alone`, () => trainAlone(run, around, task, rows));
    if (trained !== undefined) alone[task.name] = trained.result;
    networks.push(trained?.kept);
  }
  if (Object.keys(alone).length > 0) found.singleTask = alone;
  found.gains = gainsOf(tasks, joint?.result, alone);
  if (rows !== undefined && networks.some((kept) => kept !== undefined)) {
    found.features = await stage('how alike the features of tasks are', () => compareFeatures(networks));
    const scores = await stage('what features hold for other tasks', () => scoreTransfer(tasks, networks, rows.train));
    const { executor } = around;
    const heads = await stage('heads on the features of other tasks', () =>
      trainHeads({ tasks, networks, ...rows, seed, executor, goesOn }),
    );
    wholeOf(heads, 'some heads on the features of other tasks');
    const none = tasks.map(() => tasks.map(() => Number.NaN));
    const { heads: values = none, headGains = none } = heads ?? {};
    if (scores !== undefined) found.transfer = { ...scores, heads: values, headGains };
  }

  const names = tasks.map(({ name }) => name);
  const branches = await branchesOf(run);
  if (kinds.length > 0) {
    const sets = await stage('gains of tasks that are trained together', () =>
      trainSets({ run, around, kinds, joint: joint?.result, alone, goesOn }),
    );
    wholeOf(sets, `some seeds and sets of ${kinds.join(', ')}`);
    if (sets !== undefined) {
      const compared = compareJointRuns({ names, better: tasks.map(betterOf) }, kinds, sets.trained);
      const { cover, ...gains } = compared;
      found.jointRuns = { ...gains, ...(cover && !signal.aborted && { cover: branches(cover) }) };
    }
  }
  if (joint !== undefined && tasks.length > 1 && joint.result.stopped !== 'signal') {
    const cka = (found.features as { cka: number[][] } | undefined)?.cka;
    found.grouping = branches(groupTasks(names, joint.measured.observed, cka));
  }
  for (const key of Object.keys(found) as (keyof Measured)[]) if (found[key] === undefined) delete found[key];
  return found;
}

async function trainJoint(run: PreparedRun, around: AnalysisSurroundings, rows: Rows | undefined, stage: RunStage) {
  const { tasks, training, data, config } = run;
  const perEpoch = Math.ceil(data.train.batches(training) / training.accumulate);
  const interval = Math.max(1, Math.floor((training.epochs * perEpoch) / looks));
  const network = withoutTaught(await run.joint());
  // Ours come first: of two with one name the second is numbered.
  const observers = [lookaheadAffinity, firstOrderAffinity, gradientSimilarity].map((make) => make({ interval }));
  let predictions: Record<string, readonly unknown[]> | undefined;
  const needed: Measured = {};
  let observed: { readonly [observer: string]: unknown } = {};
  const result = await trainNetwork({
    ...networkRun(around, config.seed),
    label: `Training ${tasks.length} tasks together, observed`,
    network: { ...network, observers: [...observers, ...(network.observers ?? [])] } as Network,
    training,
    data,
    async trained(trainer) {
      observed = trainer.observations();
      if (rows === undefined || around.signal.aborted) return;
      predictions = await predictionsIn(trainer, rows.test, training.evaluationBatchSize);
      const passes = await someRows(data.test, most.passes);
      const columns = inputColumns(data.test.inputs, data.facts);
      needed.inputs = await stage('what each task needs of the inputs', () =>
        permutationImportance(trainer, passes.dataset(), { seed: config.seed, columns }),
      );
      needed.units = await stage('what each task needs of the trunk', () => neededUnits(trainer, passes));
    },
  });
  const seen = (name: string) => observed[name] as State;
  const { shared } = seen('gradient-similarity').blocks as unknown as Record<string, Record<string, number[][]>>;
  const { cosine, conflictRate, magnitudeSimilarity } = shared ?? {};
  // Auxiliary objectives that are balanced like tasks come after the tasks.
  const amongTasks = (matrix: readonly (readonly number[])[] = []) =>
    tasks.map((_, i) => tasks.map((__, j) => matrix[i]?.[j] ?? Number.NaN));
  const matrices = {
    cosine: amongTasks(cosine),
    conflictRate: amongTasks(conflictRate),
    magnitudeSimilarity: amongTasks(magnitudeSimilarity),
    affinity: amongTasks(seen('lookahead-affinity').affinity as never),
    firstOrderAffinity: amongTasks(seen('first-order-affinity').affinity as never),
  };
  const looked = seen('lookahead-affinity').looks as number;
  const { observations: _, ...plain } = result;
  return { result, predictions, measured: { ...needed, joint: plain, observed: { looks: looked, ...matrices } } };
}

/** Why something was not begun. */
export function whyNot({ aborted }: AbortSignal): string {
  return aborted ? 'the analysis was stopped' : 'no time was left';
}

/** What tasks need of the last shared layer; undefined where no layer is shared. */
async function neededUnits(trainer: Trainer<never>, rows: RowsInHand) {
  try {
    const { layer, importance, overlap } = await unitAblation(trainer, rows.dataset());
    const columns = (importance[0] as readonly number[]).map((__, unit) => `${layer}[${unit}]`);
    return { columns, importance, overlap };
  } catch (error) {
    if (PolytaskError.isInstance(error) && error.code === 'POLYTASK_INVALID_OPTION') return undefined;
    throw error;
  }
}

async function trainAlone(run: PreparedRun, around: AnalysisSurroundings, task: AnyTask, rows: Rows | undefined) {
  const { network, training, data } = await run.alone(task);
  const { evaluationBatchSize } = training;
  let kept: KeptNetwork | undefined;
  const result = await trainNetwork({
    ...networkRun(around, run.config.seed),
    label: `Training task ${task.name} alone`,
    network,
    training,
    data,
    async trained(trainer) {
      if (rows === undefined || around.signal.aborted) return;
      const labels = labelsIn(rows.train, task);
      const predictions = await predictionsIn(trainer, rows.train, evaluationBatchSize);
      const predicted = predictedLabels(labels, predictions[task.name] ?? []);
      kept = {
        train: await featuresIn(trainer, rows.train, task.name, evaluationBatchSize),
        test: await featuresIn(trainer, rows.test, task.name, evaluationBatchSize),
        probabilities: predicted?.kind === 'classes' ? (predicted.predictions as number[][]) : undefined,
      };
    },
  });
  return { result, kept };
}

/** How much better each task is together than alone, by its primary metric; undefined where there is nothing to compare. */
function gainsOf(
  tasks: readonly AnyTask[],
  joint: NetworkResult | undefined,
  alone: { readonly [task: string]: NetworkResult },
): Record<string, number> | undefined {
  const gains = tasks.flatMap((task): [string, number][] => {
    const { name, primaryMetric } = task;
    const [together, single] = [joint?.tasks?.[name]?.[primaryMetric], alone[name]?.tasks?.[name]?.[primaryMetric]];
    const better = metricDirections([task])[name]?.[primaryMetric];
    if (typeof together !== 'number' || typeof single !== 'number' || better === undefined) return [];
    return [[name, relativeGain(single, together, better)]];
  });
  return gains.length === 0 ? undefined : Object.fromEntries(gains);
}

/** Which way the primary metric of a task is better. */
function betterOf(task: AnyTask): 'higher' | 'lower' {
  return metricDirections([task])[task.name]?.[task.primaryMetric] ?? 'lower';
}

/** Puts beside groups the sharing that trains those suggested as branches, where there is one. */
async function branchesOf(run: PreparedRun) {
  const stages = await stagesOf(run);
  const written = run.config.sharing as unknown as Record<string, unknown>;
  return <Groups extends ReturnType<typeof bestGroups>>(grouping: Groups): Groups => {
    const suggested = grouping.byBudget[grouping.suggested - 1] as Groups['byBudget'][number];
    const sharing = branchesFor(suggested, written, stages);
    return { ...grouping, ...(sharing && { sharing }) };
  };
}

/** Stages of the encoder that the tasks share; 0 where there is none. */
export async function stagesOf({ config, source, data }: PreparedRun): Promise<number> {
  const { encoder } = config.sharing as unknown as { encoder?: unknown };
  if (!isMapping(encoder)) return 0;
  const context = { folder: source.folder, code: source.code };
  const built = await buildPart<Encoder>(encoder, ['sharing', 'encoder'], tableFor('encoder'), context, () => {});
  return built?.stages(data.train.inputs).length ?? 0;
}

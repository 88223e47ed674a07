import { negativeTransfer, type PairedValues } from '@polytask/analysis';
import type { NetworkResult, OverSeeds, RunDocument, TaskSummary } from './document.js';
import { networksOf, resultOf } from './networks.js';

/**
 * What a repeated run says over its seeds: mean and spread of all metrics that can be ranked, and under `compare` what learning
 * together did to every task.
 *
 * @returns Undefined where the run is not repeated.
 */
export function overSeeds(document: RunDocument): OverSeeds | undefined {
  const { tasks, config } = document;
  const seeds = networksOf({ config, tasks: [] });
  if (seeds.length < 2) return undefined;
  const resultsOf = (task?: string) =>
    seeds.map(({ repetition }) => resultOf(document, { repetition, ...(task !== undefined && { task }) }));
  const joint = resultsOf();
  const alone = new Map(tasks.map(({ name }) => [name, resultsOf(name)]));
  const compared = config.compare === 'single-task';
  return {
    seeds: seeds.map(({ seed }) => seed),
    joint: Object.fromEntries(tasks.map((task) => [task.name, spreads(task, joint)])),
    ...(compared && {
      singleTask: Object.fromEntries(tasks.map((task) => [task.name, spreads(task, alone.get(task.name) ?? [])])),
      transfer: transferOf(tasks, joint, alone, config.seed),
    }),
  };
}

function transferOf(
  tasks: readonly TaskSummary[],
  joint: readonly (NetworkResult | undefined)[],
  alone: ReadonlyMap<string, readonly (NetworkResult | undefined)[]>,
  seed: number,
): NonNullable<OverSeeds['transfer']> {
  const pairs = tasks.flatMap((task): [string, PairedValues][] => {
    const better = task.better[task.primaryMetric];
    if (better === undefined) return [];
    const values = (results: readonly (NetworkResult | undefined)[]) =>
      valuesOf(task.name, task.primaryMetric, results);
    return [[task.name, { joint: values(joint), alone: values(alone.get(task.name) ?? []), better }]];
  });
  const { mean, leftOut, ...found } = negativeTransfer(Object.fromEntries(pairs), { seed });
  return { tasks: found.tasks, mean: mean ?? null, leftOut };
}

function spreads(task: TaskSummary, results: readonly (NetworkResult | undefined)[]): OverSeeds['joint'][string] {
  return Object.fromEntries(
    ['loss', ...Object.keys(task.better)].flatMap((metric) => {
      const values = valuesOf(task.name, metric, results).filter((value) => Number.isFinite(value));
      return values.length === 0 ? [] : [[metric, spreadOf(values)]];
    }),
  );
}

function valuesOf(task: string, metric: string, results: readonly (NetworkResult | undefined)[]): number[] {
  return results.map((result) => {
    const value = result?.tasks?.[task]?.[metric];
    return typeof value === 'number' ? value : Number.NaN;
  });
}

/** Mean and standard deviation, by n − 1. */
function spreadOf(values: readonly number[]): OverSeeds['joint'][string][string] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)) };
}

import {
  averageWeights,
  dropDeltas,
  fisherInformation,
  fisherMerging,
  inputGramians,
  regMean,
  taskArithmetic,
  tiesMerging,
  type Weights,
} from '@polytask/complementarity';
import type { FrozenModel, MultiTaskDataset } from '@polytask/core';

/** How models are merged. */
export const mergeMethods = ['average', 'task-arithmetic', 'ties', 'dare', 'fisher', 'reg-mean'] as const;

/** One of {@link mergeMethods}. */
export type MergeMethod = (typeof mergeMethods)[number];

/** Numbers of methods; each takes those that it has. */
export interface MergeNumbers {
  readonly scale?: number | undefined;
  readonly keep?: number | undefined;
  readonly drop?: number | undefined;
  readonly seed?: number | undefined;
  readonly rows?: number | undefined;
}

/** What each method takes. */
export const numbersOf: { readonly [method in MergeMethod]: readonly (keyof MergeNumbers)[] } = {
  average: [],
  'task-arithmetic': ['scale'],
  ties: ['keep', 'scale'],
  dare: ['drop', 'seed', 'scale'],
  fisher: ['rows'],
  'reg-mean': ['rows'],
};

/** A model to be merged. */
export interface MergedSource {
  readonly frozen: FrozenModel;
  /** Rows that it has learned from. */
  readonly train: MultiTaskDataset;
}

/**
 * Merges what models have in common.
 *
 * @param paths What that is.
 * @param start What it was at the start of all of them.
 */
export async function mergeCommon(
  method: MergeMethod,
  sources: readonly MergedSource[],
  paths: readonly string[],
  start: Weights,
  numbers: MergeNumbers,
): Promise<Weights> {
  const only = <Value>(of: { readonly [path: string]: Value }) =>
    Object.fromEntries(paths.flatMap((path) => (Object.hasOwn(of, path) ? [[path, of[path] as Value]] : [])));
  const models = sources.map(({ frozen }) => only(frozen.model.variables));
  const { scale, keep, drop, seed, rows } = numbers;
  switch (method) {
    case 'average':
      return averageWeights(models);
    case 'task-arithmetic':
      return taskArithmetic(start, models, { scale });
    case 'ties':
      return tiesMerging(start, models, { keep, scale });
    case 'dare':
      return taskArithmetic(start, dropDeltas(start, models, { drop, seed }), { scale });
    case 'fisher': {
      const information: Weights[] = [];
      for (const { frozen, train } of sources) information.push(only(await fisherInformation(frozen, train, { rows })));
      return fisherMerging(models, information);
    }
    case 'reg-mean': {
      const gramians = [];
      for (const { frozen, train } of sources) gramians.push(only(await inputGramians(frozen, train, { rows })));
      return regMean(models, gramians);
    }
  }
}

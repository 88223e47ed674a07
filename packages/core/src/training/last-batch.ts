import type { ParameterLayout } from '../contracts/parameters.js';
import { DatasetError } from '../errors/dataset-error.js';
import { requireOption } from '../errors/invalid-option-error.js';
import type { FitOptions } from './fit-options.js';

/**
 * What `fit` does with the last batch of an epoch. A single row less its own mean is 0, so a layer that normalises over rows
 * (`overRows` of its statistics, as of {@link buildBatchNorm}) would learn nothing but an offset from it: there a last batch of one row
 * is left out.
 *
 * @param rows - Rows of an epoch.
 * @param options - As those of `fit`. `scheduled`: a task schedule says how many rows a batch has, the last one too. Default false.
 * @returns `lastBatch` where it is given, else `'keep'`, or `'drop'` where the last batch has one row and a layer normalises over rows.
 * @throws `POLYTASK_INVALID_OPTION` (`batchSize`, `lastBatch`), `POLYTASK_DATASET` where such a layer would get one row all the same.
 * @example
 * ```ts
 * import { createTrainer, lastBatchFor, mlp, regression } from '@polytask/core';
 * import { hardSharing } from '@polytask/hard-sharing';
 *
 * const trainer = await createTrainer({
 *   tasks: [regression('price')],
 *   sharing: hardSharing({ encoder: mlp([4], { batchNorm: true }) }),
 *   inputs: { x: { shape: [3], dtype: 'float32' } },
 * });
 * const { layout } = trainer.parameters ?? {};
 * console.log(layout && [32, 33, 34].map((rows) => lastBatchFor(layout, rows, { batchSize: 32 }))); // => [ 'keep', 'drop', 'keep' ]
 * trainer.dispose();
 * ```
 */
export function lastBatchFor(
  layout: Pick<ParameterLayout, 'stateSegments'>,
  rows: number,
  options: Pick<FitOptions, 'batchSize' | 'lastBatch'> & { readonly scheduled?: boolean },
): 'keep' | 'drop' {
  const { batchSize = 32, lastBatch = 'keep', scheduled = false } = options;
  const normalised = layout.stateSegments.find(({ overRows }) => overRows);
  if (normalised === undefined) return lastBatch;
  const where = `under batch normalisation (\`${normalised.layer}\`)`;
  requireOption(
    batchSize > 1,
    'batchSize',
    `at least 2 ${where}`,
    batchSize,
    'Take more rows, or leave the normalisation out.',
  );
  if (rows === 1) {
    throw new DatasetError(
      `There must be at least 2 training rows ${where}, but there is 1. Add rows, or leave the normalisation out.`,
    );
  }
  if (scheduled || rows % batchSize !== 1) return lastBatch;
  const advice = 'Or take another batchSize, or leave the normalisation out.';
  const required = `'drop' ${where} where the last batch has a single row (${rows} rows, batchSize ${batchSize})`;
  requireOption(options.lastBatch !== 'keep', 'lastBatch', required, options.lastBatch, advice);
  return 'drop';
}

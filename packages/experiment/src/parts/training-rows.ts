import {
  type MultiTaskDataset,
  PolytaskError,
  perTaskDatasets,
  type TableDataset,
  type TaskSchedule,
} from '@polytask/core';
import { type BalanceOptions, balanceClasses, rowsPerTask, type StreamedDataset } from '@polytask/data';
import { TableError } from '@polytask/data/node';
import * as z from 'zod';
import { mapping, seed, text } from '../config/words.js';
import { mixingSchema } from './mixings.js';

/** How training rows are drawn; for data that are divided as they are read. */
export const trainingRowsShape = {
  sampling: mapping({
    column: text("a column's name").describe('Column of classes, of which all get the same number of training rows.'),
    method: z
      .enum(['oversample', 'undersample'])
      .exactOptional()
      .describe('oversample: rare rows come several times (the default); undersample: frequent ones are left out.'),
    seed: seed().exactOptional().describe('Of which rows. Default 0.'),
  })
    .exactOptional()
    .describe('Balances the classes of a task by sampling. Default: rows as they are.'),
  mixing: mixingSchema
    .exactOptional()
    .describe(
      'Draws the rows of each task apart, as if they were data sets of their own, and mixes them in every batch.',
    ),
};

/** Options of {@link trainingRowsShape}. */
export type TrainingRowsConfig = z.output<z.ZodObject<typeof trainingRowsShape>>;

/** Training rows as they are drawn. */
export interface TrainingRows {
  readonly train: MultiTaskDataset;
  /** How tasks' rows are mixed. */
  readonly schedule?: TaskSchedule;
  /** Training rows for one task alone, where it has its own. */
  readonly alone?: { readonly [task: string]: MultiTaskDataset };
}

/**
 * Draws training rows as a configuration says.
 *
 * @param columns - Label column of every task, by its name.
 */
export async function drawTrainingRows(
  train: TableDataset | StreamedDataset,
  { sampling, mixing }: TrainingRowsConfig,
  columns: { readonly [task: string]: string },
): Promise<TrainingRows> {
  const about = async <Made>(option: string, make: () => Promise<Made>): Promise<Made> => {
    try {
      return await make();
    } catch (error) {
      if (!PolytaskError.isInstance(error)) throw error;
      throw new TableError([option], error.message, { cause: error });
    }
  };
  if (sampling !== undefined) {
    const { column, ...options } = sampling;
    const rows = train;
    train = await about('sampling', async () =>
      'draw' in rows
        ? balanceClasses(rows, column, options as BalanceOptions)
        : balanceClasses(rows, column, options as BalanceOptions),
    );
  }
  if (mixing === undefined) return { train };
  const rows = train;
  const alone = await about('mixing', async () =>
    'draw' in rows ? rowsPerTask(rows, columns) : rowsPerTask(rows, columns),
  );
  return { train: perTaskDatasets(alone), ...(mixing === null ? {} : { schedule: mixing }), alone };
}

import {
  choice,
  code,
  isPart,
  type MultiTaskDataset,
  mapping,
  type OptionsOf,
  optional,
  PolytaskError,
  perTaskDatasets,
  required,
  type TableDataset,
  type TaskSchedule,
  text,
  whole,
  withDefault,
} from '@polytask/core';
import { type BalanceOptions, balanceClasses, rowsPerTask, type StreamedDataset } from '@polytask/data';
import { TableError } from '@polytask/data/node';

/** How training rows are drawn; for data that are divided as they are read. */
export const trainingRowsOptions = {
  sampling: optional(
    mapping({
      column: required(
        text("a column's name"),
        'Column of classes, of which all get the same number of training rows.',
      ),
      method: withDefault(
        choice('oversample', 'undersample'),
        'oversample',
        'oversample: rare rows come several times; undersample: frequent ones are left out.',
      ),
      seed: withDefault(whole({ from: 0, to: Number.MAX_SAFE_INTEGER }), 0, 'Of which rows.'),
    }),
    'Balances the classes of a task by sampling.',
    'rows as they are',
  ),
  mixing: optional(
    code<TaskSchedule | null>('a mixing policy', (value) => value === null || isPart(value, 'schedule'), 'schedule'),
    'Draws the rows of each task apart, as if they were data sets of their own, and mixes them in every batch.',
    'rows as they are',
  ),
};

/** Options of {@link trainingRowsOptions}. */
export type TrainingRowsConfig = OptionsOf<typeof trainingRowsOptions>;

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

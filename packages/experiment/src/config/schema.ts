import {
  type AnyTask,
  type AuxiliaryObjective,
  type Balancing,
  monitorNames,
  type Observer,
  type Optimizer,
  type PartDescription,
  type SharingStrategy,
} from '@polytask/core';
import * as z from 'zod';
import { backendChoices } from '../backend/backend-choices.js';
import type { LoadedData } from '../parts/loaded-data.js';

import { placeSchema, placesWith } from '../parts/tables.js';
import { atLeastZero, byName, flag, list, mapping, most, positive, seed, share, text, whole } from './words.js';

const paths = () =>
  z.union([text('a path'), list(text('a path'), 'paths', 1)], { error: 'a path, or a list of paths' });

const split = mapping({
  validation: share()
    .exactOptional()
    .describe(
      'Share of the rows that are set apart and measured after every epoch. Default 0.15 for tables and images, where early stopping ' +
        'is not turned off; else 0.',
    ),
  test: share()
    .exactOptional()
    .describe(
      'For tables and images: share of the rows that are measured in the end; 0 to learn from all. Default 0.2, or 0 with `column` ' +
        'and `files`.',
    ),
  seed: seed().default(0).describe('Of this split alone, so that the same rows are set apart in every run. Default 0.'),
  stratify: z
    .union([text("a column's name"), list(text("a column's name"), 'columns', 1)], {
      error: "a column's name, or a list of them",
    })
    .exactOptional()
    .describe(
      'For tables and images: every part has its share of the rows of every value of this column, or of each of several; a value of one ' +
        'row alone is for training.',
    ),
  group: text("a column's name")
    .exactOptional()
    .describe('For tables and images: rows with the same value in this column stay together.'),
  time: text("a column's name")
    .exactOptional()
    .describe('For tables and images: the latest rows by this column are for testing, those before for validation.'),
  column: text("a column's name")
    .exactOptional()
    .describe('For tables and images: the column that says train, validation or test for every row.'),
  files: mapping({
    training: paths().exactOptional().describe('In place of `data.source`.'),
    validation: paths().exactOptional().describe('Default: some of the training rows, as `validation` says.'),
    test: paths().exactOptional().describe('Default: no rows are for testing.'),
  })
    .exactOptional()
    .describe('For tables: files of rows for each part, all with the columns of the training rows.'),
  folds: whole(2, 100)
    .exactOptional()
    .describe(
      'For tables and images: in place of `test`, rows are divided into this many folds. One network is trained for each, which tests it and ' +
        'learns from the others; results are means with their spread.',
    ),
  fold: whole(1, 100).exactOptional().describe('Only this one of the `folds`, from 1. Default: all of them.'),
});

const monitorWords = `${monitorNames.join(', ')}, or { task, metric }`;

const monitor = z.union(
  [
    mapping({ task: text("a task's name"), metric: text("a metric's name") }),
    z.enum(monitorNames, { error: monitorWords }),
  ],
  { error: monitorWords },
);

const stopping = mapping({
  patience: whole(0).default(20).describe('How many epochs without improvement are waited for. Default 20.'),
  minDelta: atLeastZero().exactOptional().describe('How much better counts as better. Default 0.'),
  monitor: monitor
    .exactOptional()
    .describe(
      "loss: the sum of the tasks' losses (default); relative-loss: their mean relative to the first epoch; delta-m: the mean " +
        "improvement of primary metrics over the first epoch; tasks: every task's loss by itself, until all have stopped; or one " +
        "task's metric.",
    ),
  restoreBest: z
    .union([flag(), z.literal('per-task')], { error: 'true, false or per-task' })
    .default(true)
    .describe(
      'Go back to the best epoch at the end (default); per-task: for every task to its own, so that the model is one network per task.',
    ),
  freeze: flag()
    .exactOptional()
    .describe(
      'Under `monitor: tasks`: whether a task that has stopped improving takes no further part. Default false.',
    ),
});

const earlyStopping = z.union([flag(), stopping], {
  error: 'true, false, or { patience, minDelta, monitor, restoreBest, freeze }',
});

const bestWords = ['loss', 'relative-loss', 'delta-m', 'mean'] as const;

const keepBest = z.union(
  [
    mapping({ task: text("a task's name"), metric: text("a metric's name") }),
    z.enum(bestWords, { error: `${bestWords.join(', ')}, or { task, metric }` }),
  ],
  { error: `${bestWords.join(', ')}, or { task, metric }` },
);

const checkpoints = mapping({
  everySteps: whole(1).exactOptional().describe('A checkpoint after this many steps, besides that of every epoch.'),
  everyMinutes: positive()
    .exactOptional()
    .describe('A checkpoint after this many minutes, besides that of every epoch.'),
  keepLast: whole(1).default(2).describe('How many of the newest stay. Default 2.'),
  keepBest: keepBest
    .exactOptional()
    .describe(
      "The checkpoint of the best epoch stays too, by the validation rows' loss (the sum over tasks), by the mean of " +
        "the tasks' primary metrics, or by one task's metric. Default: none; needs `split.validation`.",
    ),
});

const training = mapping({
  epochs: whole(1)
    .exactOptional()
    .describe('Times that every row is seen, at most under early stopping. Default 400 under early stopping, else 10.'),
  batchSize: whole(1, most.batch).default(32).describe('Rows per step. Default 32.'),
  accumulate: whole(1, most.batch)
    .default(1)
    .describe(
      'Batches of one step, whose gradients are added up; for steps of more rows than memory holds. Default 1.',
    ),
  evaluationBatchSize: whole(1, most.batch).default(1024).describe('Rows per pass when measuring. Default 1024.'),
  shuffle: flag()
    .default(true)
    .describe(
      'A new order in every epoch. Default true; false: one mixed order in all epochs, which is not that of the file.',
    ),
  lastBatch: z
    .enum(['keep', 'drop'])
    .optional()
    .describe(
      'What happens to a last, smaller batch. Default keep; drop where batch normalisation would get a single row.',
    ),
  earlyStopping: earlyStopping
    .exactOptional()
    .describe('Stop before the last epoch, by the validation rows. Default true for tables and images, else false.'),
  checkpoints: checkpoints.prefault({}).describe('When checkpoints are written, and which of them stay.'),
});

/** What a configuration file may say. */
export const configSchema = mapping({
  data: placeSchema<LoadedData>('data').describe('Where the rows come from.'),
  split: split.prefault({}).describe('What is set apart from the training rows.'),
  tasks: list(placeSchema<AnyTask>('task'), 'tasks', 1, most.tasks).describe('What is learned.'),
  sharing: placeSchema<SharingStrategy>('sharing')
    .exactOptional()
    .describe(
      'What the tasks share. Default for tables: hard-sharing with the encoder tabular, which any other strategy has too that says none.',
    ),
  balancing: placeSchema<Balancing>('loss-weighting')
    .exactOptional()
    .describe('How the tasks are balanced. Default: the sum of their losses.'),
  auxiliary: list(placeSchema<AuxiliaryObjective>('auxiliary'), 'auxiliary objectives', 0, most.tasks)
    .exactOptional()
    .describe('Terms that are added to what the tasks ask for. Default: none.'),
  observers: list(placeSchema<Observer>('observer'), 'observers', 0, most.tasks)
    .exactOptional()
    .describe('What looks at the run without changing it; `run.json` has what each has seen. Default: none.'),
  primary: text("a task's name")
    .exactOptional()
    .describe('The task that all is done for, for strategies that treat it differently. Default: none.'),
  groups: byName(
    z.string().min(1),
    list(text("a task's name"), "tasks' names", 1, most.tasks),
    'lists of tasks by the name of their group',
    most.tasks,
  )
    .exactOptional()
    .describe('Named groups of tasks, for strategies that treat some alike. Default: none.'),
  optimizer: placeSchema<Optimizer>('optimizer')
    .prefault({ use: 'adam' } as never)
    .describe('Default: adam.'),
  training: training.prefault({}).describe('How long, and in what portions.'),
  start: z
    .union(
      [
        text('a run folder'),
        mapping({
          run: text('a run folder').describe('From the folder of this file.'),
          partial: flag()
            .default(false)
            .describe('Whether what does not fit starts anew. Default false: it is refused.'),
        }),
      ],
      { error: 'a run folder, or { run, partial }' },
    )
    .exactOptional()
    .describe(
      'A finished run whose weights training starts from, by their names; rows of tables are encoded as in that run. Default: none.',
    ),
  calibration: z
    .enum(['temperature', 'none'])
    .default('none')
    .describe(
      'temperature: after training, find by what the logits of every classification, binary and multi-label task are to be divided for its ' +
        'probabilities to come true as often as they say, on validation rows; the model keeps it. Default none.',
    ),
  backend: z
    .enum(backendChoices)
    .default('auto')
    .describe(
      'What computes. auto (the default): compiled where onnxruntime-node loads, else wasm where it has all kernels that this model ' +
        'needs, else cpu. compiled: steps are recorded once and run by ONNX Runtime. wasm, cpu: backends of tfjs. node: ' +
        'the one of @tensorflow/tfjs-node, which has to be installed.',
    ),
  threads: whole(1, most.threads)
    .default(2)
    .describe('Threads that one operation may use when compiled. Default 2; on a busy machine fewer are faster.'),
  compare: z
    .enum(['single-task', 'none'])
    .default('none')
    .describe('single-task: also train one network per task, with the same data and seed, and compare. Default none.'),
  seed: seed().default(0).describe('All randomness of the run comes from it. Default 0.'),
  repeat: whole(1, most.repeats)
    .default(1)
    .describe(
      'How many times all is trained, on the same rows, with seeds seed, seed + 1, …; the model that is kept is that of the first seed. ' +
        'Default 1.',
    ),
  output: text('a folder')
    .exactOptional()
    .describe('Run folder, from the folder of this file; must be new or empty. Default: runs/<name>-<n>.'),
}).meta({
  title: 'Polytask run',
  description: 'A run of `polytask train`: data, tasks, what they share, and training.',
});

/** A configuration with its defaults filled in; parts are still mappings. */
export type Config = z.output<typeof configSchema>;

/**
 * The schema as JSON Schema, for editors: it completes keys and marks mistakes while a file is written.
 *
 * @param plugins - Described parts of other packages, by `<package>#<export>`. Default none.
 */
export function jsonSchema(plugins: ReadonlyMap<string, PartDescription> = new Map()): object {
  const place = placesWith(plugins);
  const { data, tasks, sharing, balancing, auxiliary, observers, optimizer } = configSchema.shape;
  const like = (schema: z.ZodType, old: z.ZodType) => schema.describe(old.description ?? '');
  const schema = configSchema.extend({
    data: like(place('data'), data),
    tasks: like(list(place('task'), 'tasks', 1, most.tasks), tasks),
    sharing: like(place('sharing').exactOptional(), sharing),
    balancing: like(place('loss-weighting').exactOptional(), balancing),
    auxiliary: like(list(place('auxiliary'), 'auxiliary objectives', 0, most.tasks).exactOptional(), auxiliary),
    observers: like(list(place('observer'), 'observers', 0, most.tasks).exactOptional(), observers),
    optimizer: like(place('optimizer').prefault({ use: 'adam' }), optimizer),
  });
  return z.toJSONSchema(schema.meta(configSchema.meta() ?? {}), { target: 'draft-7', io: 'input' });
}

import * as z from 'zod';
import type { Config } from '../config/schema.js';
import type { DataFacts } from '../parts/loaded-data.js';

/** Version of the layout of `run.json` and `metrics.jsonl`; a change that readers of before would not understand raises it. */
export const runFormat = 2;

/** What a schema describes, as plain data that nobody writes to. */
type Plain<T> = T extends readonly (infer Item)[]
  ? readonly Plain<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Plain<T[Key]> }
    : T;

const count = z.int().min(0);
const seconds = z.number().min(0);
/** JSON has null for a number that is not finite. */
const measured = z.number().nullable();
const texts = z.record(z.string(), z.string());
const anyMapping = z.record(z.string(), z.unknown());

export const networkResultSchema = z.object({
  parameters: count.describe('Trainable numbers.'),
  epochs: count,
  steps: count,
  stopped: z.enum(['epochs', 'early', 'signal']),
  bestEpoch: z
    .record(z.string(), count)
    .exactOptional()
    .describe(
      'By task, the epoch in which its validation loss was lowest, counted from 1; missing without validation rows.',
    ),
  restored: z
    .union([count, z.record(z.string(), count)])
    .exactOptional()
    .describe(
      'The epoch that the parameters are of where early stopping went back; by task under `restoreBest: per-task`.',
    ),
  seconds: z.object({ training: seconds, evaluation: seconds }).describe('On the machine that trained.'),
  calibration: z
    .record(
      z.string(),
      z.object({
        temperature: z.number().exactOptional().describe('What logits are divided by.'),
        errorBefore: measured.exactOptional().describe('Expected calibration error on the test rows without it.'),
        errorAfter: measured.exactOptional().describe('The same with it.'),
        threshold: z.number().exactOptional().describe('From which probability on the answer is yes.'),
      }),
    )
    .exactOptional()
    .describe('By task, what was found on the validation rows after training; the model has it.'),
  observations: z.record(z.string(), z.unknown()).exactOptional().describe('What each observer has seen, by its name.'),
  tasks: z
    .record(z.string(), anyMapping)
    .exactOptional()
    .describe(
      'Per task loss, number of labelled rows and every metric on the test rows; missing if the run was stopped before.',
    ),
});

/** What one network did; times are seconds on the machine that trained it. */
export type NetworkResult = Plain<z.output<typeof networkResultSchema>>;

export const taskSummarySchema = z.object({
  name: z.string(),
  type: z.string(),
  primaryMetric: z.string().describe('The metric by which runs are compared.'),
  better: z
    .record(z.string(), z.enum(['higher', 'lower']))
    .describe('Which way each metric is better; those that cannot be ranked are left out.'),
});

/** A task as results speak of it. */
export type TaskSummary = Plain<z.output<typeof taskSummarySchema>>;

const computes = ['compiled', 'wasm', 'cpu', 'node'] as const;

export const selectedBackendSchema = z.object({
  name: z.enum(computes).describe('The compiled step, or the tfjs backend that runs every operation by itself.'),
  wanted: z.enum(['auto', ...computes]).describe('What the configuration asks for.'),
  threads: z.int().min(1).exactOptional().describe('Threads that one operation may use, where that can be chosen.'),
  reason: z.string().exactOptional().describe('Why `auto` took this one.'),
  before: z
    .enum(computes)
    .exactOptional()
    .describe('Where `auto` had to leave its first choice in the middle of a run: which one that was.'),
});

/** What computes a run, and why. */
export type SelectedBackend = Plain<z.output<typeof selectedBackendSchema>>;

const resumptionSchema = z.object({
  at: z.string(),
  from: z.string().nullable().describe('The checkpoint, seen from the run folder; null where there was none yet.'),
  versions: texts.exactOptional().describe('Where they are not those that the run began with.'),
});

const deltaMSchema = z.object({
  improvementPercent: z.number(),
  improvementPercentByTask: z.record(z.string(), z.number()),
  sign: z.literal('positive means that joint training is better than single-task training'),
  leftOut: texts.describe('Tasks that cannot be compared, each with the reason.'),
});

const resultsOfSeedSchema = z.object({
  seed: z.number(),
  joint: networkResultSchema.exactOptional(),
  singleTask: z.record(z.string(), networkResultSchema).exactOptional(),
  deltaM: deltaMSchema.nullable().exactOptional(),
});

const spreadSchema = z.object({
  mean: z.number(),
  spread: z
    .number()
    .nullable()
    .describe('Standard deviation over the seeds, by n − 1; null where one seed has a value.'),
});

const transferGainSchema = z.object({
  gains: z
    .array(measured)
    .describe('Seed by seed, in percent of what was reached alone; positive means that joint training is better.'),
  seeds: count.describe('How many count.'),
  mean: z.number(),
  spread: z.number().nullable(),
  interval: z.object({ low: z.number(), high: z.number() }).nullable().describe('Of 95 % for the mean.'),
  verdict: z.enum(['helps', 'hurts', 'cannot tell']).describe('What learning together did.'),
  seedsNeeded: count.nullable().describe('Under `cannot tell`: how many seeds would show a gain of this size.'),
});

const overSeedsSchema = z.object({
  seeds: z.array(z.number()),
  joint: z.record(z.string(), z.record(z.string(), spreadSchema)).describe('By task and metric.'),
  singleTask: z.record(z.string(), z.record(z.string(), spreadSchema)).exactOptional(),
  transfer: z
    .object({
      tasks: z.record(z.string(), transferGainSchema).describe('By primary metric.'),
      mean: transferGainSchema.nullable().describe('Of Δm, the mean over those tasks.'),
      leftOut: z.array(z.string()).describe('Tasks that cannot be compared.'),
    })
    .exactOptional(),
});

/** What a repeated run says over its seeds. */
export type OverSeeds = Plain<z.output<typeof overSeedsSchema>>;

/**
 * `run.json`, and what `polytask train --json` prints: one run, from its configuration to its results. Keys that it does not name
 * are left alone, since later versions may have more to say.
 */
export const runDocumentSchema = z.object({
  format: z.literal(runFormat).describe('Version of this layout.'),
  name: z.string(),
  status: z.enum(['running', 'done', 'interrupted', 'failed']),
  folder: z.string(),
  file: z.string().describe('The configuration file.'),
  given: anyMapping.describe('The configuration as it was written, with what the command line changed.'),
  config: anyMapping.describe('The same with defaults, those of its parts included.'),
  seed: z.number(),
  versions: texts.describe('Of programs and packages.'),
  backend: selectedBackendSchema,
  started: z.string(),
  finished: z.string().exactOptional(),
  data: anyMapping.exactOptional().describe('Where the data came from and how they were divided.'),
  rows: z.object({ train: count, validation: count, test: count }),
  fingerprints: z
    .object({ train: z.string(), validation: z.string().exactOptional(), test: z.string() })
    .describe('Identify the rows after the split.'),
  continued: z
    .object({ folder: z.string(), from: z.string(), epochs: count })
    .exactOptional()
    .describe('The run that this one goes on with, which of its checkpoints, and how many epochs it had done.'),
  resumed: z
    .array(resumptionSchema)
    .exactOptional()
    .describe('When the run went on after it had stopped, and from where.'),
  tasks: z.array(taskSummarySchema),
  teachers: z.array(z.string()).exactOptional().describe('Tasks whose networks alone taught the joint one.'),
  merged: z
    .object({ method: z.string(), numbers: z.record(z.string(), z.number()), runs: z.array(z.string()) })
    .exactOptional()
    .describe('Where the network was merged from those of other runs: how, and from which folders.'),
  joint: networkResultSchema.exactOptional(),
  baseline: z
    .record(z.string(), anyMapping)
    .exactOptional()
    .describe(
      'By task and metric, what one prediction for all test rows gets: the mean of the training labels, or their most frequent class.',
    ),
  singleTask: z
    .record(z.string(), networkResultSchema)
    .exactOptional()
    .describe('By task, the network that learned it alone.'),
  folds: z
    .array(
      z.object({
        folder: z.string().describe('The run of this fold, seen from this run folder.'),
        rows: z.object({ train: count, validation: count, test: count }),
        tasks: z.record(z.string(), anyMapping).describe('What `joint.tasks` says there.'),
      }),
    )
    .exactOptional()
    .describe(
      'Under `split.folds`: the folds that are done. There is no `joint`, and no model but those of the folds.',
    ),
  overFolds: z
    .record(z.string(), z.record(z.string(), z.object({ mean: z.number(), spread: z.number().nullable() })))
    .exactOptional()
    .describe('By task and metric, mean and standard deviation (by n - 1) over the folds that are done.'),
  deltaM: deltaMSchema
    .nullable()
    .exactOptional()
    .describe('How joint training compares with single-task training; null where no task can be compared.'),
  repeats: z
    .array(resultsOfSeedSchema)
    .exactOptional()
    .describe('Under `repeat`: the same with every further seed; the model that is kept is that of the first.'),
  overSeeds: overSeedsSchema
    .exactOptional()
    .describe('Under `repeat`, when all seeds are done: mean and spread over them.'),
  seconds: seconds.exactOptional().describe('Wall-clock seconds of the whole run, loading of data included.'),
  error: z.object({ code: z.string().exactOptional(), message: z.string() }).exactOptional(),
});

/** What `run.json` says; {@link runDocumentSchema} checks it. */
export type RunDocument = Plain<Omit<z.output<typeof runDocumentSchema>, 'config' | 'data'>> & {
  readonly config: Config;
  readonly data?: DataFacts['record'];
};

/** A line of `metrics.jsonl`: an epoch of one network. */
export const metricsLineSchema = z.object({
  network: z.enum(['joint', 'single-task']),
  task: z.string().exactOptional().describe('Under `single-task`: which one.'),
  seed: z.number().exactOptional().describe('Under `repeat`: which seed; missing for the first.'),
  epoch: z.int().min(1).describe('Counted from 1.'),
  seconds: seconds.describe('Of this epoch, evaluation included.'),
  steps: count.describe('Taken so far.'),
  tasks: z
    .record(z.string(), z.record(z.string(), measured))
    .describe('By task: training loss, effective weight, and every number measured on the validation rows.'),
  auxiliary: z.record(z.string(), measured).exactOptional().describe('Mean of every auxiliary term.'),
  logged: z.record(z.string(), measured).exactOptional().describe('What parts record, by `<part>/<name>`.'),
  cosines: z
    .array(z.array(measured))
    .exactOptional()
    .describe("Mean cosine between the tasks' gradients, where the strategy computes them."),
  gradientNorms: z
    .record(z.string(), measured)
    .exactOptional()
    .describe("Mean length of each task's gradient of what tasks share, where the strategy computes them."),
});

/** What a line of `metrics.jsonl` says; {@link metricsLineSchema} checks it. */
export type MetricsLine = Plain<z.output<typeof metricsLineSchema>>;

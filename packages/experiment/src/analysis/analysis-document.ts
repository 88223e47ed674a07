import * as z from 'zod';
import { networkResultSchema, selectedBackendSchema, taskSummarySchema } from '../run/document.js';

/** Version of the layout of `analysis.json`; a change that readers of before would not understand raises it. */
export const analysisFormat = 1;

const count = z.int().min(0);
const texts = z.record(z.string(), z.string());
/** JSON has null for a number that is not known. */
const known = z.number().nullable();
const pair = z.tuple([z.string(), z.string()]);
/** Between tasks, in the order of `tasks`; the row does something for the column. */
const matrix = z.array(z.array(known));
const names = z.array(z.string());

const labelsSchema = z.object({
  rows: count.describe('Training rows that were looked at.'),
  coLabelled: z.array(z.array(count)).describe('Rows that have labels of both tasks; on the diagonal, of one.'),
  pairs: z.array(
    z.object({
      tasks: pair,
      measure: z.enum(['pearson', 'cramers-v', 'correlation-ratio', 'canonical-correlation']),
      value: known,
      ranks: known.exactOptional().describe("Spearman's correlation of two columns of numbers."),
      adjustedInformation: known.exactOptional().describe('Share of mutual information, less what chance gives.'),
      pValue: known.exactOptional().describe('How probable so much mutual information is without dependence.'),
      rows: count,
    }),
  ),
});

const observedSchema = z.object({
  looks: count,
  cosine: matrix.describe('Mean cosine between the gradients in all shared parameters.'),
  conflictRate: matrix.describe('Share of looks at which it was below 0.'),
  magnitudeSimilarity: matrix,
  affinity: matrix.describe('Lookahead affinity: how much lower the loss of the column is after a step for the row.'),
  firstOrderAffinity: matrix,
});

const featuresSchema = z.object({
  rows: count.describe('Test rows that were compared.'),
  cka: matrix.describe('Linear, unbiased.'),
  rsa: matrix,
  svcca: matrix.describe('null where a network has more features than half of the rows.'),
});

const neededSchema = z.object({
  columns: names.describe('Columns of the inputs, or units of the trunk.'),
  importance: matrix.describe('By task: how much its loss rises without each, relative to what it is.'),
  overlap: matrix.describe('How alike the importances of two tasks are: their correlation.'),
});

const transferSchema = z.object({
  rows: count.describe('Training rows whose features were used.'),
  logMe: matrix.describe('Of the features of the row for the labels of the column.'),
  hScore: matrix.describe('For classes only, as are the next two; shrunk by 0.1.'),
  transRate: matrix,
  leep: matrix.describe("Of the row's predicted classes for the classes of the column."),
  heads: matrix.describe("Primary metric of the column's task, by a linear head on the frozen features of the row."),
  headGains: matrix.describe(
    'The same against a linear head on its own features: above 0, those of the row are better.',
  ),
});

const errorsSchema = z.object({
  rows: count.describe('Test rows that were looked at.'),
  pairs: z.array(
    z.object({
      tasks: pair,
      rows: count.describe('That have both labels.'),
      doubleFault: known.describe(
        'Share of rows in which both are wrong; of numbers, those of the larger half of errors.',
      ),
      doubleFaultByChance: known,
      disagreement: known,
      q: known.describe("Yule's Q: 1 where errors always fall together, −1 where they never do."),
      residualDependence: known.describe('Largest correlation between what predictions leave unexplained.'),
      residualPValue: known,
      information: z
        .tuple([known, known])
        .describe(
          "What the second's prediction adds to the first's own, in nats, less what chance gives; and the other way.",
        ),
      informationPValues: z.tuple([known, known]),
    }),
  ),
});

const groupsSchema = z.object({
  budget: count.describe('Groups at most.'),
  groups: z.array(names).describe('A task may be in several.'),
  servedBy: z.record(z.string(), count).describe('By task, which of the groups.'),
  score: z.number().describe('Mean over tasks of the cosine, affinity or gain that they have in their groups.'),
  bound: z.number().describe('No grouping has a higher score.'),
});

const sharingSchema = z
  .record(z.string(), z.unknown())
  .exactOptional()
  .describe('What to write as `sharing` of the run file to train the suggested groups as branches.');

const bestGroupsSchema = z.object({
  byBudget: z.array(groupsSchema),
  suggested: count.describe('The least budget with nine tenths of the best score.'),
  sharing: sharingSchema,
});

const overSeedsSchema = z.object({
  gains: matrix.describe('Mean over seeds, relative to the score without the task of the row.'),
  spread: matrix.describe('Standard deviation over seeds; null with one.'),
});

const jointRunsSchema = z.object({
  seeds: z.array(z.number()),
  trained: z
    .array(z.object({ tasks: names, seed: z.number(), scores: z.record(z.string(), known) }))
    .describe('Every set of tasks that was trained, with the primary metrics of its tasks.'),
  gains: z.record(z.string(), known).describe('By task, how much better it is with all others than alone.'),
  pairs: overSeedsSchema.exactOptional().describe('What the row does for the column where they are trained together.'),
  leaveOneOut: overSeedsSchema.exactOptional().describe('What the row does for the column among all tasks.'),
  synergy: matrix
    .exactOptional()
    .describe(
      'What the row does for the column beyond its gain as a pair and the gain of the column with all others: above 0, the row ' +
        'and the others complement each other.',
    ),
  approximation: z
    .array(z.object({ tasks: names, task: z.string(), estimated: known, measured: known }))
    .exactOptional()
    .describe(
      'Gains in larger groups that were trained, beside what the pairs say of them (higher-order approximation).',
    ),
  cover: bestGroupsSchema
    .exactOptional()
    .describe('The best groups by gains: measured where the group was trained, else by the pairs.'),
});

const groupingSchema = z.object({
  by: z
    .enum(['cosine', 'affinity'])
    .describe('What groups are scored by: cosines of gradients, or lookahead affinity where there are none.'),
  ...bestGroupsSchema.shape,
  clusters: z
    .array(
      z.object({
        clusters: z
          .tuple([count, count])
          .describe('Tasks by number, or earlier clusters, the first having the number of tasks.'),
        tasks: names,
        distance: z.number(),
      }),
    )
    .exactOptional()
    .describe('Average linkage by 1 − CKA of single-task features, nearest first.'),
});

/**
 * `analysis.json`, and what `polytask analyze --json` prints. Keys that it does not name are left alone, since later versions may have
 * more to say. What was not measured is missing, and `skipped` says why.
 */
export const analysisSchema = z.object({
  format: z.literal(analysisFormat).describe('Version of this layout.'),
  name: z.string(),
  status: z.enum(['done', 'interrupted']),
  folder: z.string(),
  file: z.string().describe('The configuration file.'),
  seed: z.number(),
  versions: texts.describe('Of programs and packages.'),
  backend: selectedBackendSchema,
  started: z.string(),
  seconds: z.number().min(0),
  rows: z.object({ train: count, validation: count, test: count }),
  tasks: z.array(taskSummarySchema),
  labels: labelsSchema.exactOptional(),
  joint: networkResultSchema.exactOptional(),
  observed: observedSchema.exactOptional().describe('While the tasks were trained together.'),
  singleTask: z.record(z.string(), networkResultSchema).exactOptional(),
  gains: z
    .record(z.string(), known)
    .exactOptional()
    .describe('By task, how much better its primary metric is together than alone, relative to that.'),
  jointRuns: jointRunsSchema.exactOptional().describe('What trainings of pairs and of all tasks but one gave.'),
  features: featuresSchema.exactOptional().describe('How alike the features of single-task networks are.'),
  transfer: transferSchema.exactOptional().describe('What single-task networks hold for other tasks.'),
  errors: errorsSchema.exactOptional().describe('Whether tasks can help each other out, by the joint network.'),
  inputs: neededSchema.exactOptional().describe('What each task needs of the inputs, by the joint network.'),
  units: neededSchema.exactOptional().describe('What each task needs of the last shared layer.'),
  grouping: groupingSchema.exactOptional(),
  stages: z.array(z.object({ name: z.string(), seconds: z.number().min(0) })).describe('What took how long.'),
  skipped: z.array(z.object({ stage: z.string(), reason: z.string() })),
});

/** What `analysis.json` says; {@link analysisSchema} checks it. */
export type AnalysisDocument = z.output<typeof analysisSchema>;

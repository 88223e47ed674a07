import { dendrogram } from '../report/dendrogram.js';
import { heatMap } from '../report/heat-map.js';
import type { PageTable, Section } from '../report/page.js';
import { type Picture, rise, shortNumber } from '../report/picture.js';
import { transferGraph } from '../report/transfer-graph.js';
import type { AnalysisDocument } from './analysis-document.js';

type Matrix = readonly (readonly (number | null)[])[];

/** Columns of inputs that a picture has room for; analysis.json has all. */
const mostColumns = 20;

/** What a page says of an analysis: a picture for every matrix, and tables. */
export function analysisSections(document: AnalysisDocument): Section[] {
  const names = document.tasks.map(({ name }) => name);
  const sections = [
    labelSection(document, names),
    togetherSection(document, names),
    featureSection(document, names),
    transferSection(document, names),
    neededSection(document, names),
    errorSection(document),
    jointSection(document, names),
    groupSection(document),
    skippedSection(document),
  ];
  return sections.filter((section) => section !== undefined);
}

/** Between tasks, nothing on the diagonal. */
function betweenTasks(
  title: string,
  description: string,
  names: readonly string[],
  matrix: Matrix,
  more: { readonly full?: number; readonly format?: (value: number) => string } = {},
): Picture {
  const values = matrix.map((row, i) => row.map((value, j) => (i === j ? null : value)));
  return heatMap({ title, description, caption: `${description}.`, rows: names, columns: names, values, ...more });
}

const percent = (value: number) => `${shortNumber(100 * value)} %`;
const signed = (value: number) => `${value > 0 ? '+' : ''}${percent(value)}`;

function labelSection({ labels }: AnalysisDocument, names: readonly string[]): Section | undefined {
  if (labels === undefined || labels.pairs.length === 0) return undefined;
  const at = (i: number, j: number) =>
    labels.pairs.find(
      ({ tasks: [a, b] }) => [a, b].includes(names[i] as string) && [a, b].includes(names[j] as string),
    );
  const values = names.map((_, i) => names.map((__, j) => (i === j ? null : (at(i, j)?.value ?? null))));
  return {
    title: 'Labels',
    notes: [
      `How the labels of two tasks depend on each other, in the rows that have both; of ${labels.rows} training rows.`,
      'p: how probable so much mutual information is without dependence.',
    ],
    pictures: [
      betweenTasks('Dependence of labels', 'By the measure that fits their kinds', names, values, { full: 1 }),
    ],
    tables: [
      {
        head: ['tasks', 'measure', 'value', 'p', 'rows with both'],
        rows: labels.pairs.map(({ tasks, measure, value, pValue, rows }) => [
          tasks.join(' – '),
          measure.replaceAll('-', ' ').replace('pearson', 'correlation').replace('cramers v', 'Cramér’s V'),
          cell(value),
          cell(pValue),
          rows,
        ]),
      },
    ],
  };
}

const cell = (value: number | null | undefined) => (typeof value === 'number' ? shortNumber(value) : '–');

function togetherSection({ observed, gains, tasks }: AnalysisDocument, names: readonly string[]): Section | undefined {
  if (observed === undefined || names.length < 2) return undefined;
  const { affinity, cosine, conflictRate } = observed;
  const edges = names.flatMap((from, i) =>
    names.flatMap((to, j) => {
      const value = affinity[i]?.[j];
      return i === j || typeof value !== 'number' || value === 0 ? [] : [{ from, to, value }];
    }),
  );
  const title = 'Affinity between tasks';
  const gained: PageTable = {
    head: ['task', 'metric', 'together against alone'],
    rows: tasks.flatMap(({ name, primaryMetric }) => {
      const gain = gains?.[name];
      return typeof gain === 'number' ? [[name, primaryMetric, signed(gain)]] : [];
    }),
  };
  return {
    title: 'Trained together',
    notes: [
      `By how much a step for the row lowers the loss of the column, mean over ${observed.looks} looks; cosines between gradients.`,
    ],
    pictures: [
      betweenTasks(title, 'Rows help columns where above 0', names, affinity, { format: percent }),
      transferGraph({ title: 'Who helps whom', description: title, nodes: names, edges, format: percent }),
      betweenTasks('Cosines between gradients', 'Below 0 where gradients are against each other', names, cosine, {
        full: 1,
      }),
      betweenTasks(
        'Share of looks in conflict',
        'How often their cosine was below 0; of unrelated tasks about half',
        names,
        conflictRate,
        { full: 1 },
      ),
    ],
    ...(gained.rows.length > 0 && { tables: [gained] }),
  };
}

function featureSection({ features, grouping }: AnalysisDocument, names: readonly string[]): Section | undefined {
  if (features === undefined || names.length < 2) return undefined;
  const merges = grouping?.clusters;
  return {
    title: 'Features of single-task networks',
    notes: [
      `How alike the features of ${features.rows} test rows are: 1 up to rotation and scale, about 0 for nothing in common.`,
    ],
    pictures: [
      betweenTasks('CKA', 'How alike the features are, from 0 to 1', names, features.cka, { full: 1 }),
      ...(merges === undefined
        ? []
        : [
            dendrogram({
              ...{ title: 'Clusters by features', description: 'Average linkage by 1 − CKA' },
              ...{ leaves: names, merges, x: '1 − CKA' },
            }),
          ]),
    ],
  };
}

function transferSection({ transfer }: AnalysisDocument, names: readonly string[]): Section | undefined {
  if (transfer === undefined || names.length < 2) return undefined;
  const { headGains, logMe } = transfer;
  const evidence = logMe.map((row) =>
    row.map((value, j) => {
      const own = logMe[j]?.[j];
      return typeof value === 'number' && typeof own === 'number' ? value - own : null;
    }),
  );
  const known = headGains.flat().some((value) => value !== null);
  return {
    title: 'What features hold for other tasks',
    notes: [`Frozen features of ${transfer.rows} training rows; rows are the tasks that they were learned for.`],
    pictures: [
      ...(known
        ? [
            betweenTasks(
              'A head on the features of others',
              "Against one on the column's own features; above 0 is better",
              names,
              headGains,
              { format: percent },
            ),
          ]
        : []),
      betweenTasks('LogME against own features', 'Evidence of the labels; above 0 is better', names, evidence),
    ],
  };
}

function neededSection({ inputs, units }: AnalysisDocument, names: readonly string[]): Section | undefined {
  if (inputs === undefined) return undefined;
  const most = (column: number) => Math.max(...inputs.importance.map((row) => row[column] ?? 0));
  const shown = inputs.columns
    .map((name, column) => ({ name, column }))
    .sort((a, b) => most(b.column) - most(a.column))
    .slice(0, mostColumns);
  const left = inputs.columns.length - shown.length;
  return {
    title: 'What each task needs',
    notes: [
      'By how much the loss of a task rises when a column of the inputs is shuffled among rows: 50\u00a0% is half as much again, ×\u00a020 is twenty times what it was.',
      ...(left > 0 ? [`${left} columns that matter less are left out.`] : []),
    ],
    pictures: [
      heatMap({
        ...{ title: 'Importance of inputs', description: 'Rise of the loss', rows: shown.map(({ name }) => name) },
        ...{ columns: names, values: shown.map(({ column }) => inputs.importance.map((row) => row[column] ?? null)) },
        format: rise,
      }),
      ...(names.length > 1
        ? [
            // Two columns correlate fully whatever they are.
            ...(inputs.columns.length < 3
              ? []
              : [
                  betweenTasks(
                    'Overlap of inputs',
                    'How alike the importances are: their correlation',
                    names,
                    inputs.overlap,
                    { full: 1 },
                  ),
                ]),
            ...(units === undefined
              ? []
              : [
                  betweenTasks(
                    'Overlap of units',
                    'How alike the needs of units of the last shared layer are',
                    names,
                    units.overlap,
                    { full: 1 },
                  ),
                ]),
          ]
        : []),
    ],
  };
}

function errorSection({ errors }: AnalysisDocument): Section | undefined {
  if (errors === undefined || errors.pairs.length === 0) return undefined;
  return {
    title: 'Errors',
    notes: [
      'Q: 1 where errors of two tasks fall on the same rows, −1 where they never do. Residuals: what their labels have in common beyond ' +
        'the predictions; p: how probable that is by chance. Added: what the prediction of one task tells of the other beyond its own, in ' +
        'nats, less what chance gives.',
    ],
    tables: [
      {
        head: ['tasks', 'Q', 'both wrong', 'by chance', 'residuals', 'p', 'added to the first', 'added to the second'],
        rows: errors.pairs.map((pair) => [
          pair.tasks.join(' – '),
          ...[pair.q, pair.doubleFault, pair.doubleFaultByChance].map(cell),
          ...[pair.residualDependence, pair.residualPValue, ...pair.information].map(cell),
        ]),
      },
    ],
  };
}

/** What trainings of pairs and of all tasks but one gave. */
function jointSection({ jointRuns }: AnalysisDocument, names: readonly string[]): Section | undefined {
  if (jointRuns === undefined) return undefined;
  const { seeds, pairs, leaveOneOut, synergy, gains, approximation = [] } = jointRuns;
  const format = { format: percent };
  const between = (title: string, description: string, matrix: Matrix | undefined) =>
    matrix?.flat().some((value) => value !== null) === true
      ? [betweenTasks(title, description, names, matrix, format)]
      : [];
  const largest = [pairs, leaveOneOut].flatMap((one) => one?.spread.flat() ?? []).filter((value) => value !== null);
  const known = Object.entries(gains).flatMap(([name, value]) => (value === null ? [] : [[name, signed(value)]]));
  return {
    title: 'Gains of tasks trained together',
    notes: [
      seeds.length === 1
        ? 'By the primary metric of the column on the test rows, above 0 for better. Measured with one seed: another may say otherwise.'
        : `By the primary metric of the column on the test rows, above 0 for better. Mean over ${seeds.length} seeds; the largest ` +
          `standard deviation is ${percent(Math.max(0, ...largest))}.`,
    ],
    pictures: [
      ...between('Gains of pairs', 'The column with the row against the column alone', pairs?.gains),
      ...between('Among all tasks', 'The column with all, against all but the row', leaveOneOut?.gains),
      ...between('Synergy', 'Above 0 where the row and the others do more together', synergy),
    ],
    tables: [
      ...(known.length === 0 ? [] : [{ head: ['task', 'all together against alone'], rows: known }]),
      ...(approximation.length === 0
        ? []
        : [
            {
              head: ['group', 'task', 'gain by its pairs', 'measured'],
              rows: approximation.map(({ tasks, task, estimated, measured }) => [
                tasks.join(' + '),
                task,
                estimated === null ? '–' : percent(estimated),
                measured === null ? '–' : percent(measured),
              ]),
            },
          ]),
    ],
  };
}

function groupSection({ grouping, jointRuns }: AnalysisDocument): Section | undefined {
  const cover = jointRuns?.cover;
  if (grouping === undefined && cover === undefined) return undefined;
  const table = (what: string, { byBudget, suggested }: NonNullable<typeof cover>, figures = percent): PageTable => ({
    head: ['groups at most', 'groups', what, ''],
    // A larger budget that gives the same groups says nothing more.
    rows: byBudget
      .filter(({ groups }, n) => JSON.stringify(groups) !== JSON.stringify(byBudget[n - 1]?.groups))
      .map(({ budget, groups, score }) => [
        budget,
        groups.map((group) => group.join(' + ')).join('; '),
        figures(score),
        budget === suggested ? 'suggested' : '',
      ]),
  });
  return {
    title: 'Groups',
    notes: [
      'The best groups; each task is served by the group in which it does best.',
      ...(cover === undefined
        ? [
            'They are a guess, since cosines and affinities say what a step does. What groups gain is measured by “polytask analyze --joint pairs”.',
          ]
        : [
            'Gains are measured where a group was trained, else the mean of those of its pairs. They say more than cosines and affinities.',
          ]),
    ],
    tables: [
      ...(cover === undefined ? [] : [table('mean gain', cover)]),
      ...(grouping === undefined
        ? []
        : [table(`mean ${grouping.by}`, grouping, grouping.by === 'cosine' ? (value) => value.toFixed(3) : percent)]),
    ],
  };
}

function skippedSection({ skipped }: AnalysisDocument): Section | undefined {
  if (skipped.length === 0) return undefined;
  return { title: 'Left out', notes: skipped.map(({ stage, reason }) => `${stage}: ${reason}`) };
}

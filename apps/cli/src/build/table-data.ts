import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { featureTypes, type LabelOptions, type TableEncoding } from '@polytask/data';
import { type LoadedImages, loadTable, type TableRecord } from '@polytask/data/node';
import * as z from 'zod';
import type { Config } from '../config/schema.js';
import { flag, list, mapping, text, whole } from '../config/words.js';
import type { LoadedData } from './datasets.js';
import type { BuildContext } from './part-table.js';
import { packageFolder } from './resolve-package.js';
import { drawTrainingRows, trainingRowsShape } from './training-rows.js';

const paths = z.union([text('a path'), list(text('a path'), 'paths', 1)], { error: 'a path, or a list of paths' });

const constant = mapping(
  { constant: z.union([z.number(), z.string(), z.boolean()], { error: 'a number, a text, or true or false' }) },
  'mean, indicator, error, or { constant: value }',
);
const missing = z
  .union([z.enum(['mean', 'indicator', 'error']), constant], {
    error: 'mean, indicator, error, or { constant: value }',
  })
  .exactOptional()
  .describe(
    'Where there is no value: mean (the training mean), indicator (the mean, and a further number that says so), ' +
      'error (refuse the row) or { constant: value }. Default: indicator where training rows lack values, else mean.',
  );
const parts = z.enum(['trend', 'year', 'week', 'day'], { error: 'trend, year, week or day' });

/** Every type of feature with its options. */
const features = {
  number: { scale: z.enum(['standardize', 'none']).exactOptional().describe('Default standardize.') },
  boolean: {},
  category: {
    encoding: z.enum(['one-hot', 'embedding']).exactOptional().describe('Default: one-hot up to 64 categories.'),
    minCount: whole(1).exactOptional().describe('Rarer categories count as unknown. Default 2.'),
    maxCategories: whole(1, 100_000).exactOptional().describe('The rarest beyond count as unknown. Default 1000.'),
  },
  date: { parts: list(parts, 'parts', 1).exactOptional().describe('Default: year and week, and day with times.') },
  text: { words: whole(1, 16_384).exactOptional().describe('The most frequent words. Default 256.') },
};
const typed = Object.entries(features).map(([type, shape]) => mapping({ type: z.literal(type), missing, ...shape }));
const [first, ...others] = typed as [(typeof typed)[number], ...typeof typed];
const feature = z.union(
  [z.enum(featureTypes as readonly [string, ...string[]]), z.discriminatedUnion('type', [first, ...others])],
  { error: `${featureTypes.join(', ')}, or { type, missing, ... }` },
);

/** Options of a table. */
export const tableShape = {
  source: z
    .union([paths, z.record(text('a name'), paths)], {
      error: 'a path, a list of paths, or paths by the name of their table',
    })
    .describe(
      'Files of rows (.csv, .tsv, .parquet, .json, .jsonl), or folders of them: from the folder of this file, or within an npm ' +
        'package, such as vega-datasets/data/movies.json. Or files by the name under which sql reads them.',
    ),
  sql: text('a SELECT')
    .exactOptional()
    .describe("DuckDB's SQL over the source, whose table is called data unless it is named."),
  features: z
    .union([list(text("a column's name"), 'columns', 1), z.record(text("a column's name"), feature)], {
      error: 'a list of columns, or types by column',
    })
    .exactOptional()
    .describe('Columns to learn from, or what each of them is. Default: all that are no labels.'),
  exclude: list(text("a column's name"), 'columns').exactOptional().describe('Columns that are no features.'),
  maxBadRows: whole(0).exactOptional().describe('How many rows may be left out since they cannot be read. Default 0.'),
  csv: mapping({
    delimiter: text('a character').exactOptional().describe('Between values. Default: found out.'),
    header: flag().exactOptional().describe('Whether the first line names the columns. Default: found out.'),
    missing: list(z.string({ error: 'a text' }), 'texts')
      .exactOptional()
      .describe('Texts for no value. Default: [""].'),
  })
    .exactOptional()
    .describe('How CSV files are written.'),
  memory: whole(0)
    .exactOptional()
    .describe('Megabytes of rows up to which they are held in memory; more are streamed. Default 256.'),
  cache: text('a folder')
    .exactOptional()
    .describe('Folder of converted rows. Default: POLYTASK_CACHE, or that of the system.'),
  ...trainingRowsShape,
};

type TableConfig = z.output<z.ZodObject<typeof tableShape>>;

/** What is known of the data of a run besides its rows. */
export interface DataFacts {
  /** To encode further rows. */
  readonly encoding: TableEncoding;
  readonly record: TableRecord | LoadedImages['record'];
  /** Where the rows came from, for people. */
  readonly source: string;
  readonly leftOut?: TableRecord['leftOut'];
  /** Rows that cannot be read. */
  readonly badRows?: number;
}

/** Loads a table with the labels of the tasks. */
export async function tableData(
  options: TableConfig,
  { folder, labels = [], split = {}, columns = {} }: BuildContext,
): Promise<LoadedData> {
  const { source, cache, sampling, mixing, ...rest } = options;
  const inFolder = (given: string | readonly string[]) =>
    typeof given === 'string' ? sourcePath(given, folder) : given.map((path) => sourcePath(path, folder));
  const named = typeof source === 'object' && !Array.isArray(source);
  const { train, validation, test, encoding, record } = await loadTable({
    ...rest,
    source: named
      ? Object.fromEntries(Object.entries(source).map(([name, given]) => [name, inFolder(given as string)]))
      : inFolder(source as string),
    labels,
    split,
    ...(cache === undefined ? {} : { cache: resolve(folder, cache) }),
  } as Parameters<typeof loadTable>[0]);
  return {
    ...(await drawTrainingRows(train, { sampling, mixing } as never, columns)),
    ...(validation === undefined ? {} : { validation }),
    test: test as NonNullable<typeof test>,
    facts: {
      encoding,
      record,
      source: record.source.files.map(({ name }) => name).join(', '),
      leftOut: record.leftOut,
      badRows: record.badRows.count,
    },
  };
}

/** The file that a path in a configuration means: from the configuration's folder, or within an npm package. */
function sourcePath(path: string, folder: string): string {
  const own = resolve(folder, path);
  if (existsSync(own) || /^(\.{1,2}([\\/]|$)|[\\/]|[A-Za-z]:[\\/])/.test(path)) return own;
  const names = path.split('/');
  const name = names.slice(0, path.startsWith('@') ? 2 : 1).join('/');
  const home = packageFolder(name, folder);
  if (home === undefined || names.includes('..')) return own;
  const inside = join(home, ...names.slice(name.split('/').length));
  return relative(home, inside).startsWith(`..${sep}`) ? own : inside;
}

/** What labels the tasks of a configuration need, one per column. */
export function labelsOf(
  tasks: Config['tasks'],
  add: (path: (string | number)[], message: string) => void,
): LabelOptions[] {
  const byColumn = new Map<string, LabelOptions>();
  (tasks as unknown as TaskConfig[]).forEach((task, index) => {
    const column = task.column ?? task.name;
    const label = labelOf(task, column);
    if (typeof label === 'string') {
      add(['tasks', index, 'type'], label);
      return;
    }
    const other = byColumn.get(column);
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(label)) {
      add(
        ['tasks', index],
        `another task reads column \`${column}\` otherwise; give this one a column of its own, by \`sql\``,
      );
    }
    byColumn.set(column, label);
  });
  return [...byColumn.values()];
}

interface TaskConfig {
  readonly type: string;
  readonly name: string;
  readonly column?: string;
  readonly classes?: number | readonly string[];
  readonly labels?: readonly [string, string];
  readonly size?: number;
}

/** How a task's labels are read; or why they cannot be. */
function labelOf({ type, classes, labels, size }: TaskConfig, column: string): LabelOptions | string {
  if (type === 'classification') {
    const names = typeof classes === 'number' ? Array.from({ length: classes }, (_, id) => String(id)) : classes;
    return { column, kind: 'class', ...(names === undefined ? {} : { classes: names }) };
  }
  if (type === 'binary') return { column, kind: 'binary', ...(labels === undefined ? {} : { classes: labels }) };
  if (type === 'multi-label' || type === 'dense-classification' || size !== undefined) {
    return 'a column of a table has one label per row; expected classification, binary, or regression without `size`';
  }
  return { column, kind: 'number' };
}

/** Tasks with the names of their classes, where the data said them. */
export function withClasses(tasks: Config['tasks'], { labels }: TableEncoding): Config['tasks'] {
  return (tasks as unknown as TaskConfig[]).map((task) => {
    const label = labels.find(({ column }) => column === (task.column ?? task.name));
    if (label?.kind !== 'class') return task;
    if (task.type === 'classification' && task.classes === undefined) return { ...task, classes: label.classes };
    if (task.type === 'binary' && task.labels === undefined) return { ...task, labels: label.classes };
    return task;
  }) as unknown as Config['tasks'];
}

/** Tasks with some classes where only the data would say which: enough to look for further mistakes without the data. */
export function assumeClasses(tasks: Config['tasks']): Config['tasks'] {
  return (tasks as unknown as TaskConfig[]).map((task) =>
    task.type === 'classification' ? { classes: 2, ...task } : task,
  ) as unknown as Config['tasks'];
}

import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { featureTypes, type TableEncoding } from '@polytask/data';
import {
  type LoadedImages,
  type LoadedTable,
  loadTable,
  TableError,
  type TableOptions,
  type TableRecord,
} from '@polytask/data/node';
import * as z from 'zod';
import { packageFolder } from '../code/resolve-package.js';
import { flag, list, mapping, text, whole } from '../config/words.js';
import type { LoadedData } from './datasets.js';
import type { BuildContext } from './part-table.js';
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

/** Where a table comes from. */
export const sourceShape = {
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
  sqlTimeout: whole(1, 1_000_000).exactOptional().describe('Seconds that sql may take. Default: no limit.'),
  csv: mapping({
    delimiter: text('a character').exactOptional().describe('Between values. Default: found out.'),
    header: flag().exactOptional().describe('Whether the first line names the columns. Default: found out.'),
    missing: list(z.string({ error: 'a text' }), 'texts')
      .exactOptional()
      .describe('Texts for no value. Default: [""].'),
  })
    .exactOptional()
    .describe('How CSV files are written.'),
};

/** What is done with rows, wherever they come from. */
export const rowsShape = {
  features: z
    .union([list(text("a column's name"), 'columns', 1), z.record(text("a column's name"), feature)], {
      error: 'a list of columns, or types by column',
    })
    .exactOptional()
    .describe('Columns to learn from, or what each of them is. Default: all that are no labels.'),
  exclude: list(text("a column's name"), 'columns').exactOptional().describe('Columns that are no features.'),
  maxBadRows: whole(0).exactOptional().describe('How many rows may be left out since they cannot be read. Default 0.'),
  weight: z
    .union([text("a column's name"), z.record(text("a task's name"), text("a column's name"))], {
      error: 'a column, or columns by task',
    })
    .exactOptional()
    .describe(
      'Column of numbers from 0 by which rows count; one for all tasks, or by task. Default: every row counts once.',
    ),
  memory: whole(0)
    .exactOptional()
    .describe('Megabytes of rows up to which they are held in memory; more are streamed. Default 256.'),
  cache: text('a folder')
    .exactOptional()
    .describe('Folder of converted rows. Default: POLYTASK_CACHE, or that of the system.'),
  ...trainingRowsShape,
};

/** Options of a table. */
export const tableShape = { ...sourceShape, ...rowsShape };

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
export async function tableData(options: TableConfig, context: BuildContext): Promise<LoadedData> {
  const { source, sampling, mixing, weight, cache, ...rest } = options;
  const { folder, labels = [], split = {}, columns = {}, signal } = context;
  const loaded = await loadTable({
    ...rest,
    signal,
    ...rowOptions({ weight, cache } as never, context),
    source: sourceIn(source, folder),
    labels,
    split,
  } as TableOptions);
  return {
    ...(await drawTrainingRows(loaded.train, { sampling, mixing } as never, columns)),
    ...measuredRows(loaded),
  };
}

/** Options of rows as `@polytask/data` takes them. */
export function rowOptions(
  { weight, cache }: Pick<TableConfig, 'weight' | 'cache'>,
  { folder, columns = {} }: BuildContext,
): Pick<TableOptions, 'weights' | 'cache'> {
  const byTask = (task: string) => {
    if (Object.hasOwn(columns, task)) return columns[task] as string;
    const message = `there is no task \`${task}\`; expected one of ${Object.keys(columns).join(', ')}`;
    throw new TableError(['weight', task], message);
  };
  return {
    ...(weight === undefined
      ? {}
      : {
          weights:
            typeof weight === 'string'
              ? weight
              : Object.fromEntries(Object.entries(weight).map(([task, column]) => [byTask(task), column])),
        }),
    ...(cache === undefined ? {} : { cache: resolve(folder, cache) }),
  };
}

/** Rows to measure on, and what is known of all. */
export function measuredRows({ validation, test, encoding, record }: LoadedTable): Omit<LoadedData, 'train'> {
  return {
    ...(validation === undefined ? {} : { validation }),
    test: test as NonNullable<typeof test>,
    facts: {
      encoding,
      record,
      source: [...new Set(record.source.files.map(({ name }) => name))].join(', '),
      leftOut: record.leftOut,
      badRows: record.badRows.count,
    },
  };
}

/** A source with its paths from a folder. */
export function sourceIn(source: TableConfig['source'], folder: string): TableOptions['source'] {
  const inFolder = (given: string | readonly string[]) =>
    typeof given === 'string' ? sourcePath(given, folder) : given.map((path) => sourcePath(path, folder));
  if (typeof source === 'string' || Array.isArray(source)) return inFolder(source);
  return Object.fromEntries(Object.entries(source).map(([name, given]) => [name, inFolder(given as string)]));
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

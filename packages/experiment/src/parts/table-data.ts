import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import {
  byName,
  byTask,
  choice,
  either,
  flag,
  list,
  listNames,
  mapping,
  number,
  type OptionsOf,
  type OptionTable,
  optional,
  required,
  text,
  whole,
  withDefault,
} from '@polytask/core';
import { dateNumbers, featureTypes } from '@polytask/data';
import { type LoadedTable, loadTable, TableError, type TableOptions } from '@polytask/data/node';
import { packageFolder } from '../code/resolve-package.js';
import type { LoadedData } from './loaded-data.js';

import type { BuildContext } from './part-table.js';
import { drawTrainingRows, trainingRowsOptions } from './training-rows.js';

/** Into how many pieces columns of numbers are cut where the configuration does not say it (`npm run bench -- quality`). */
const defaultPieces = 16;

const paths = either([text('a path'), list(text('a path'), { least: 1 })], 'a path, or a list of paths');

const missing = optional(
  either(
    [
      choice('mean', 'indicator', 'error'),
      mapping({ constant: required(either([number(), text(), flag()]), 'What stands there instead.') }),
    ],
    'mean, indicator, error, or { constant: value }',
  ),
  'Where there is no value: mean (the training mean), indicator (the mean, and a further number that says so), ' +
    'error (refuse the row) or { constant: value }.',
  'indicator where training rows lack values, else mean',
);

/** Every type of feature with its options. */
const featureOptions = {
  number: {
    scale: withDefault(choice('standardize', 'none'), 'standardize', 'What is done to the numbers.'),
    pieces: optional(
      whole({ from: 0, to: 1000 }),
      'Into how many pieces the numbers are cut, by quantiles of the training rows; each is a number more.',
      "the table's `pieces`",
    ),
  },
  boolean: {},
  category: {
    encoding: optional(choice('one-hot', 'embedding'), 'How categories become numbers.', 'one-hot up to 64 categories'),
    minCount: withDefault(whole({ from: 1 }), 2, 'Rarer categories count as unknown.'),
    maxCategories: withDefault(whole({ from: 1, to: 100_000 }), 1000, 'The rarest beyond count as unknown.'),
  },
  date: {
    parts: optional(
      list(choice('trend', 'year', 'week', 'day'), { least: 1 }),
      'What is learned from.',
      'year, week and trend, and day with times; no trend under `split.time`',
    ),
    numbers: optional(
      choice(...dateNumbers),
      'What numbers stand for: packed (20240131, or 20240131123000), days, seconds or milliseconds since 1970, or serial days of a spreadsheet.',
      'found out by the whole column, and kept for later files',
    ),
  },
  text: { words: withDefault(whole({ from: 1, to: 16_384 }), 256, 'The most frequent words.') },
} satisfies Readonly<Record<string, OptionTable>>;

const feature = either(
  [
    choice(...(featureTypes as readonly string[])),
    ...Object.entries(featureOptions).map(([type, options]) =>
      mapping({ type: required(choice(type), 'How the column is read.'), missing, ...options }),
    ),
  ],
  `${featureTypes.join(', ')}, or { type, missing, ... }`,
);

/** Where a table comes from. */
export const sourceOptions = {
  source: required(
    either(
      [paths, byName(paths, 'paths by the name of their table')],
      'a path, a list of paths, or paths by the name of their table',
    ),
    'Files of rows (.csv, .tsv, .parquet, .json, .jsonl), or folders of them: from the folder of this file, or within an npm ' +
      'package, such as vega-datasets/data/movies.json. Or files by the name under which sql reads them.',
  ),
  sql: optional(
    text('a SELECT'),
    "DuckDB's SQL over the source, whose table is called data unless it is named.",
    'all rows',
  ),
  sqlTimeout: optional(whole({ from: 1, to: 1_000_000 }), 'Seconds that sql may take.', 'no limit'),
  csv: optional(
    mapping({
      delimiter: optional(text('a character'), 'Between values.', 'found out'),
      header: optional(flag(), 'Whether the first line names the columns.', 'found out'),
      missing: optional(list(text('a text', /^/)), 'Texts for no value.', '[""]'),
      quote: optional(
        text('a character, or nothing', /^.?$/),
        'Around values with delimiters in them; empty for none.',
        '"',
      ),
      decimal: optional(choice('.', ','), 'Between whole and fraction.', '.'),
      date: optional(text('a format such as %d/%m/%Y'), 'How dates are written, as strptime says it.', 'found out'),
      timestamp: optional(text('a format such as %d/%m/%Y %H:%M'), 'How dates with times are written.', 'found out'),
      encoding: optional(text('a name of an encoding'), 'How characters are written, such as latin1.', 'utf-8'),
      skip: optional(whole({ from: 0, to: 1_000_000 }), 'Lines before the header.', '0'),
    }),
    'How CSV files are written.',
    'found out',
  ),
};

/** What is done with rows, wherever they come from. */
export const rowsOptions = {
  features: optional(
    either(
      [list(text("a column's name"), { least: 1 }), byName(feature, 'types by column')],
      'a list of columns, or types by column',
    ),
    'A list: the columns to learn from. A mapping: what some of them are; the others are found out.',
    'all that are no labels',
  ),
  inputs: optional(
    mapping({
      numbers: optional(text('a name'), 'Of the input with all that is a number.', 'numbers'),
      categories: optional(text('a name'), 'Of the input with the categories that are embedded.', 'categories'),
    }),
    'What the inputs are called that the columns become.',
    'numbers and categories',
  ),
  only: optional(flag(), 'Whether no other columns are features than those that `features` names.', 'false'),
  exclude: optional(list(text("a column's name")), 'Columns that are no features.'),
  pieces: optional(
    whole({ from: 0, to: 1000 }),
    'Into how many pieces columns of numbers are cut at most: one for 60 values, and 2048 in all. Each is a number more; 0: none.',
    String(defaultPieces),
  ),
  maxBadRows: optional(whole({ from: 0 }), 'How many rows may be left out since they cannot be read.', '0'),
  weight: optional(
    either([text("a column's name"), byTask(text("a column's name"), 'columns')], 'a column, or columns by task'),
    'Column of numbers from 0 by which rows count; one for all tasks, or by task.',
    'every row counts once',
  ),
  memory: optional(
    whole({ from: 0 }),
    'Megabytes of rows up to which they are held in memory; more are streamed.',
    '256',
  ),
  cache: optional(text('a folder'), 'Folder of converted rows.', 'POLYTASK_CACHE, or that of the system'),
  ...trainingRowsOptions,
};

/** Options of a table. */
export const tableOptions = {
  ...sourceOptions,
  source: optional(sourceOptions.source.takes, sourceOptions.source.says, '`split.files.training`'),
  ...rowsOptions,
};

type TableConfig = OptionsOf<typeof tableOptions>;

/** Loads a table with the labels of the tasks. */
export async function tableData(options: TableConfig, context: BuildContext): Promise<LoadedData> {
  const { source, sampling, mixing, weight, cache, pieces, only, ...rest } = options;
  const { folder, labels = [], split = {}, columns = {}, files = {}, signal } = context;
  const { training, ...measured } = files;
  if (source === undefined && training === undefined)
    throw new TableError(['source'], '`source` is missing; expected a path of a file, or a list of paths');
  if (source !== undefined && training !== undefined)
    throw new TableError(
      ['split', 'files', 'training'],
      '`data.source` names these files already; leave one of the two out',
    );
  const loaded = await loadTable({
    ...rest,
    ...(Object.keys(measured).length === 0 ? {} : { files: inFolder(measured, folder) }),
    refine: only !== true,
    ...(context.encoding === undefined ? {} : { encoding: context.encoding }),
    signal,
    ...rowOptions({ weight, cache, pieces } as never, context),
    source: sourceIn((source ?? training) as NonNullable<typeof source>, folder),
    labels,
    split,
  } as TableOptions);
  return {
    ...(await drawTrainingRows(loaded.train, { sampling, mixing } as never, columns)),
    ...measuredRows(loaded),
  };
}

const inFolder = (files: NonNullable<BuildContext['files']>, folder: string) =>
  Object.fromEntries(Object.entries(files).map(([part, paths]) => [part, sourceIn(paths, folder)]));

/** Options of rows as `@polytask/data` takes them. */
export function rowOptions(
  { weight, cache, pieces = defaultPieces }: Pick<TableConfig, 'weight' | 'cache' | 'pieces'>,
  { folder, columns = {} }: BuildContext,
): Pick<TableOptions, 'weights' | 'cache' | 'pieces'> {
  const byTask = (task: string) => {
    if (Object.hasOwn(columns, task)) return columns[task] as string;
    const message = `there is no task \`${task}\`; expected one of ${listNames(Object.keys(columns), { plain: true })}`;
    throw new TableError(['weight', task], message);
  };
  return {
    pieces,
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
export function measuredRows({ validation, test, encoding, reading, record }: LoadedTable): Omit<LoadedData, 'train'> {
  return {
    ...(validation === undefined ? {} : { validation }),
    ...(test === undefined ? {} : { test }),
    facts: {
      encoding,
      reading,
      record,
      source: [...new Set(record.source.files.map(({ name }) => name))].join(', '),
      leftOut: record.leftOut,
      badRows: record.badRows.count,
    },
  };
}

/** A source with its paths from a folder. */
export function sourceIn(source: NonNullable<TableConfig['source']>, folder: string): TableOptions['source'] {
  const inFolder = (given: string | readonly string[]) =>
    typeof given === 'string' ? sourcePath(given, folder) : given.map((path) => sourcePath(path, folder));
  if (typeof source === 'string' || Array.isArray(source)) return inFolder(source);
  return Object.fromEntries(Object.entries(source).map(([name, given]) => [name, inFolder(given as string)]));
}

/** The file that a path in a configuration means: from the configuration's folder, or within an npm package. */
export function sourcePath(path: string, folder: string): string {
  const own = resolve(folder, path);
  if (existsSync(own) || /^(\.{1,2}([\\/]|$)|[\\/]|[A-Za-z]:[\\/])/.test(path)) return own;
  const names = path.split('/');
  const name = names.slice(0, path.startsWith('@') ? 2 : 1).join('/');
  const home = packageFolder(name, folder);
  if (home === undefined || names.includes('..')) return own;
  const inside = join(home, ...names.slice(name.split('/').length));
  return relative(home, inside).startsWith(`..${sep}`) ? own : inside;
}

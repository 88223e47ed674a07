import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireOption } from '@polytask/core';
import { checkClasses, type LabelOptions, labelColumns } from '../../encoding/labels.js';
import {
  type FeatureColumn,
  inputsOfTable,
  layoutOf,
  namesOfInputs,
  type TableEncoding,
} from '../../encoding/table-encoding.js';
import { parts, splitRule } from '../../split/split-options.js';
import { cached } from '../cache/cache-folder.js';
import { defaultCache } from '../cache/default-cache.js';
import { readRecord } from '../cache/read-record.js';
import { requireRoom } from '../cache/room.js';
import { type BadRows, checkBadRows, joinBadRows } from '../reading/bad-rows.js';
import { type ConvertedSource, manyColumns } from '../reading/convert-source.js';
import { endAsTableError, type ProcessLender } from '../reading/database-child.js';
import { type Database, openDatabase, quoteName, readParquet } from '../reading/duckdb.js';
import { taskColumn } from '../reading/join-sources.js';
import { processMemory } from '../reading/process-memory.js';
import type { TableReading } from '../reading/reader-sql.js';
import { noSuchColumn, TableError } from '../reading/table-error.js';
import { type RowLayout, wordsOf } from '../rows/row-file.js';
import { loadRowFile, streamRowFile } from '../rows/row-file-dataset.js';
import { askedFor, type ChosenFeatures, chooseFeatures } from './choose-features.js';
import { withDateNumbers } from './date-numbers.js';
import { type DescribedColumns, describeColumns } from './describe-columns.js';
import { encodeTable, learnEncoding, rowLayoutOf } from './encode-table.js';
import { requireColumns } from './require-columns.js';
import { type SplitRecord, splitTable } from './split-table.js';
import type { LoadedTable, TableOptions, TablePart } from './table-options.js';

/** What is done with rows, wherever they are from. */
export type RowOptions = Omit<TableOptions, 'source' | 'sql' | 'sqlTimeout' | 'csv'>;

/** Whether files say what rows are for. */
const byFiles = ({ files }: RowOptions) => files?.validation !== undefined || files?.test !== undefined;

interface Stored {
  readonly encoding: TableEncoding;
  readonly layout: RowLayout;
  readonly rows: readonly number[];
  readonly badRows: BadRows;
  readonly split: SplitRecord;
  readonly chosen: ChosenFeatures;
  readonly described: DescribedColumns;
}

/** A new number where what is written to the cache changes. */
const format = 6;
/** Ids of rows are int32. */
const mostRows = 2 ** 31 - 1;

/** Refuses numbers that cannot be, before anything is read. */
export function checkTableOptions({ maxBadRows = 0, memory = 256, labels, inputs }: RowOptions): void {
  requireOption(Number.isInteger(maxBadRows) && maxBadRows >= 0, 'maxBadRows', 'a whole number from 0', maxBadRows);
  requireOption(memory >= 0, 'memory', 'a number of megabytes from 0', memory);
  requireOption(labels.length > 0, 'labels', 'at least one column', labels);
  checkClasses(labels);
  namesOfInputs(inputs === undefined ? {} : { inputs });
}

/** By label: its column of weights. */
function weightsOf({ weights = {}, labels }: RowOptions): { readonly [label: string]: string } {
  if (typeof weights === 'string') return Object.fromEntries(labels.map(({ column }) => [column, weights]));
  const known = labels.map(({ column }) => column);
  const unknown = Object.keys(weights).find((label) => !known.includes(label));
  requireOption(unknown === undefined, 'weights', `columns by label (${known.join(', ')})`, unknown);
  return weights;
}

/**
 * Divides converted rows, learns from those for training and opens a data set per part.
 *
 * @param place - Which option is to blame where there is no row.
 * @param lender - Of the process that rows are read in.
 */
export async function loadConverted(
  converted: ConvertedSource,
  options: RowOptions,
  place: readonly string[],
  lender: ProcessLender,
): Promise<LoadedTable> {
  const { maxBadRows = 0, memory = 256, cache = defaultCache(), split = {}, exclude = [] } = options;
  const weights = weightsOf(options);
  checkBadRows(converted.info.badRows, maxBadRows);
  if (converted.info.rows === 0) throw new TableError(place, 'the table must have a row, but has none');
  if (converted.info.rows > mostRows) {
    throw new TableError(
      place,
      `a table must have at most ${mostRows} rows, but has ${converted.info.rows}. Take fewer, by \`sql\`.`,
    );
  }
  const facts = {
    format,
    source: converted.info.fingerprint,
    split: splitRule(split),
    labels: options.labels,
    ...(byFiles(options) ? { files: true } : {}),
  };
  const choice = {
    weights,
    features: options.features === undefined ? null : Object.entries(options.features),
    exclude,
    refine: options.refine === true,
    pieces: options.pieces ?? 0,
    ...(options.encoding === undefined ? {} : { encoding: options.encoding.features }),
  };
  const fingerprint = createHash('sha256')
    .update(JSON.stringify({ ...facts, ...choice }))
    .digest('hex');
  const folder = await cached(cache, `table-${fingerprint.slice(0, 40)}`, async (making) => {
    const stored = await encode(converted, options, making, lender);
    await writeFile(join(making, 'table.json'), JSON.stringify(stored));
  });
  const stored = await readRecord<Stored>(join(folder, 'table.json'));
  const badRows = joinBadRows(converted.info.badRows, stored.badRows);
  checkBadRows(badRows, maxBadRows);

  const { rows, chosen } = stored;
  const { inputs = options.encoding?.inputs } = options;
  // Names are no part of what is in the cache.
  const encoding: TableEncoding = inputs === undefined ? stored.encoding : { ...stored.encoding, inputs };
  const layout: RowLayout = { ...stored.layout, names: namesOfInputs(encoding) };
  const inMemory = rows.every((count) => count * wordsOf(layout) * 4 <= memory * 2 ** 20);
  const open = async (part: number): Promise<TablePart> => {
    const file = {
      path: join(folder, `${parts[part]}.rows`),
      rows: rows[part] as number,
      layout,
      inputs: inputsOfTable(encoding),
      columns: options.labels.map(({ column }) => column),
      weights: Object.fromEntries(
        Object.entries(weights).map(([label, column]) => [label, layout.weights.indexOf(column)]),
      ),
      idLimit: converted.info.rows,
      cache,
      fingerprint: `sha256:${fingerprint}/${parts[part]}`,
    };
    return inMemory ? loadRowFile(file) : streamRowFile(file);
  };
  const readings = Object.values(converted.info.readings);
  const [reading = { columns: [] }] = readings;
  const train = await open(0);
  const validation = rows[1] === 0 ? undefined : await open(1);
  const test = rows[2] === 0 ? undefined : await open(2);
  const types = new Map(encoding.features.map(({ column, type }) => [column, type]));
  const { files, rows: sourceRows, fingerprint: ofSource } = converted.info;
  return {
    train,
    ...(validation === undefined ? {} : { validation }),
    ...(test === undefined ? {} : { test }),
    encoding,
    reading: { ...reading, columns: readings.length === 1 ? reading.columns : allColumns(readings) },
    record: {
      fingerprint,
      source: { fingerprint: ofSource, files, rows: sourceRows },
      split: stored.split,
      inferred: Object.fromEntries(chosen.inferred.map((column) => [column, String(types.get(column))])),
      leftOut: chosen.leftOut,
      columns: stored.described.columns,
      notes: stored.described.notes,
      badRows,
      streamed: !inMemory,
    },
  };
}

/** The columns of several tables; one that several have is as in the first of them. */
function allColumns(readings: readonly TableReading[]): TableReading['columns'] {
  const byName = new Map<string, TableReading['columns'][number]>();
  for (const column of readings.flatMap(({ columns }) => columns))
    if (!byName.has(column.name)) byName.set(column.name, column);
  return [...byName.values()];
}

/** Divides, learns and encodes; writes a row file per part. */
async function encode(
  { rowsFile, info, hidden }: ConvertedSource,
  options: RowOptions,
  folder: string,
  lender: ProcessLender,
): Promise<Stored> {
  const { labels, split = {}, features, exclude = [] } = options;
  const columns = labelColumns(labels);
  // One thread: the order of results must be that of the file.
  const apart = { megabytes: processMemory(), lender };
  const memory = info.columns.length < manyColumns ? 512 : 1536;
  const database = await openDatabase({ files: [rowsFile], threads: 1, memory, apart, signal: options.signal });
  try {
    const taken = new Map<string, string>();
    for (const by of ['group', 'time', 'column'] as const) {
      if (split[by] !== undefined) taken.set(split[by], 'column that rows are split by');
    }
    const weights = [...new Set(Object.values(weightsOf(options)))];
    requireColumns(
      [
        ...weights.map((column) => ({ place: ['weights'], column })),
        ...columns.map(({ column }) => ({ place: ['labels', column], column })),
        ...(features === undefined ? [] : askedFor(features)),
        ...(options.encoding?.features ?? []).map(({ column }) => ({ place: ['encoding', column], column })),
        ...exclude.map((column, index) => ({ place: ['exclude', index], column })),
      ],
      [...info.columns, ...info.unreadable],
    );
    for (const column of weights) {
      taken.set(column, 'column of weights');
    }
    for (const { column } of columns) {
      const place = ['labels', column];
      const again = info.renamed.find(({ from }) => from === column);
      if (again !== undefined) {
        const message = `two columns are called \`${column}\`, and a task learns it; the second one would be its answer. Rename or remove one`;
        throw new TableError(place, message);
      }
      if (!info.columns.some(({ name }) => name === column)) throw noSuchColumn(place, column, info.columns);
      if (taken.get(column)?.startsWith('label')) throw new TableError(place, `column \`${column}\` is named twice`);
      taken.set(column, `label column of a task`);
    }
    const found =
      options.encoding === undefined
        ? await chooseFeatures(database, rowsFile, info, features, exclude, options.refine === true, taken)
        : { features: options.encoding.features.map(knownFeature), inferred: [], leftOut: [] };
    // Rows for testing are later than all others: what is learned of how late a date is says nothing of them.
    const chosen: ChosenFeatures =
      split.time === undefined || options.encoding !== undefined
        ? found
        : { ...found, features: found.features.map((one) => (one.type === 'date' ? { trend: false, ...one } : one)) };
    const { assigned, record } = await splitTable(
      database,
      rowsFile,
      { ...info, columns: [...info.columns, ...(hidden ?? [])] },
      split,
      byFiles(options) ? taskColumn : undefined,
    );
    await refuseEmptyColumns(database, rowsFile, columns, options.encoding === undefined ? chosen.features : []);
    const file = info.files.length === 1 ? info.files[0]?.name : undefined;
    const { signal } = options;
    const source = { database, rowsFile, columns: info.columns, assigned, file, weights, signal };
    const dated = options.encoding === undefined ? await withDateNumbers(source, chosen.features) : chosen.features;
    const schema = { features: dated, labels: columns, pieces: options.pieces ?? 0 };
    const check = (badRows: BadRows) => checkBadRows(joinBadRows(info.badRows, badRows), options.maxBadRows ?? 0);
    const encoding = await learnEncoding(source, schema, check, options.encoding?.features);
    const words = wordsOf(rowLayoutOf(encoding, labels, weights));
    // Labels, weights and ids are written a second time, each into a file of its own.
    const beside = words - layoutOf(encoding).width;
    await requireRoom(
      folder,
      info.rows * (words + beside) * 4,
      `${info.rows} rows of ${words} numbers`,
      `${widest(encoding)} Embed categories instead of one-hot, or learn from fewer columns, categories or words.`,
    );
    const encoded = await encodeTable(source, encoding, labels, (part) => join(folder, `${part}.rows`));
    const described = await describeColumns(database, rowsFile, info, chosen, columns, encoding);
    return { ...encoded, split: record, chosen, described };
  } catch (error) {
    throw endAsTableError(error, ['source']);
  } finally {
    database.close();
  }
}

/** A feature that another table has taught, as one that is asked for. */
function knownFeature(feature: TableEncoding['features'][number]): FeatureColumn {
  const { type, column, missing } = feature;
  const numbers = feature.type === 'date' && feature.numbers !== undefined ? { numbers: feature.numbers } : {};
  return { type, column, ...numbers, missing: missing === 'constant' ? { constant: 0 } : missing } as FeatureColumn;
}

/** The feature that most of a row is made of, for people. */
function widest(encoding: TableEncoding): string {
  const { places, width } = layoutOf(encoding);
  const widths = places.map(({ at }, index) => (places[index + 1]?.at ?? width) - at);
  const most = Math.max(0, ...widths);
  return `Column \`${encoding.features[widths.indexOf(most)]?.column}\` alone takes ${most} of them.`;
}

/** A column without any value has been named, or written, by mistake. */
async function refuseEmptyColumns(
  database: Database,
  rowsFile: string,
  labels: readonly LabelOptions[],
  features: ChosenFeatures['features'],
): Promise<void> {
  const names = [...labels, ...features].map(({ column }) => column);
  const counts = names.map((name, index) => `count(${quoteName(name)})::DOUBLE AS c${index}`);
  const [found = {}] = await database.rows(`SELECT ${counts.join(', ')} FROM ${readParquet(rowsFile)}`);
  names.forEach((name, index) => {
    if (found[`c${index}`] !== 0) return;
    const [place, advice] =
      index < labels.length
        ? ['labels', 'its task has nothing to learn; leave the task out, or correct the column']
        : ['features', 'leave it out, by `exclude` or by naming the features'];
    throw new TableError([place, name], `column \`${name}\` is NULL in all rows: ${advice}`);
  });
}

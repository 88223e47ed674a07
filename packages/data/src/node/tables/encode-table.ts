import { uniformStream } from '@polytask/core';
import { blockEncoder } from '../../encoding/encode-block.js';
import { joinLabels, type LabelOptions, labelColumns, type VectorLabel } from '../../encoding/labels.js';
import { readNumber, shown } from '../../encoding/raw-values.js';
import { readBlock } from '../../encoding/read-block.js';
import { createTableLearner, layoutOf, type TableEncoding, type TableSchema } from '../../encoding/table-encoding.js';
import { parts } from '../../split/split-options.js';
import { type BadRow, type BadRows, mostDescribed } from '../reading/bad-rows.js';
import { type ColumnUse, readExpression, type SourceColumn } from '../reading/column-types.js';
import { rowColumn } from '../reading/convert-source.js';
import { type Chunk, type Database, quoteName, readParquet } from '../reading/duckdb.js';
import { TableError } from '../reading/table-error.js';
import { type RowLayout, writeRowFile } from '../rows/row-file.js';

/** Rows of the cache, and which part each is in. */
export interface PartedRows {
  readonly database: Database;
  readonly rowsFile: string;
  readonly columns: readonly SourceColumn[];
  /** By row of the source. */
  readonly assigned: Uint8Array;
  /** Name of the only file, for messages. */
  readonly file: string | undefined;
  /** Columns of weights. */
  readonly weights: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** What encoding a table gave. */
export interface EncodedTable {
  readonly encoding: TableEncoding;
  readonly layout: RowLayout;
  /** Rows of each part. */
  readonly rows: readonly number[];
  readonly badRows: BadRows;
}

/**
 * Learns the encoding of a table from its training rows.
 *
 * @param check - Gets the rows of all parts that cannot be read, before anything is learned; may throw.
 * @param known - Features that have been learned from another table.
 */
export async function learnEncoding(
  source: PartedRows,
  schema: TableSchema,
  check: (badRows: BadRows) => void,
  known?: TableEncoding['features'],
): Promise<TableEncoding> {
  const learner = createTableLearner(known === undefined ? schema : { ...schema, features: [] });
  const badRows = collectBadRows(source.file);
  for await (const { size, rows, valuesOf } of blocksOf(source, schema)) {
    const bad = badRows.ofBlock(rows);
    const block = readBlock(schema, size, valuesOf, bad.report);
    readWeights(source.weights, size, valuesOf, bad.report);
    bad.finish();
    learner.add(block, (row) => !bad.has(row) && source.assigned[rows[row] as number] === 0);
  }
  check(badRows.found());
  const learned = learner.learned();
  return known === undefined ? learned : { ...learned, features: known };
}

/**
 * Encodes a table and writes a row file per part; rows with values that cannot be read are left out and counted.
 *
 * @param path - Gives the file of a part.
 * @throws TableError (`POLYTASK_DATASET`) where a class of a validation or test row is one that training never saw.
 */
export async function encodeTable(
  source: PartedRows,
  encoding: TableEncoding,
  labels: readonly (LabelOptions | VectorLabel)[],
  path: (part: string) => string,
): Promise<EncodedTable> {
  const layout = rowLayoutOf(encoding, labels, source.weights);
  const writers = parts.map((part) => writeRowFile(path(part), layout));
  const encode = blockEncoder(encoding);
  const columns = labelColumns(labels);
  const unseen = new Map<string, { part: string; column: string; reason: string; rows: number }>();
  const badRows = collectBadRows(source.file);
  try {
    for await (const { size, rows, valuesOf } of blocksOf(source, encoding)) {
      const bad = badRows.ofBlock(rows);
      // Classes as they were asked for: one that training rows do not have is another matter than one that there is not.
      const block = readBlock({ features: encoding.features, labels: columns }, size, valuesOf, bad.report);
      const weights = readWeights(source.weights, size, valuesOf, bad.report);
      bad.finish();
      const isTraining = (row: number) => source.assigned[rows[row] as number] === 0;
      const forget = (row: number, feature: number) => isTraining(row) && isForgotten(rows[row] as number, feature);
      const report = (row: number, column: string, reason: string) => {
        if (bad.has(row)) return;
        const part = parts[source.assigned[rows[row] as number] as number] as string;
        const key = `${part}: ${reason}`;
        const found = unseen.get(key);
        if (found === undefined) unseen.set(key, { part, column, reason, rows: 1 });
        else found.rows += 1;
      };
      const encoded = encode(block, report, forget);
      const rowIds = Int32Array.from(rows);
      const byColumn = Object.fromEntries(encoding.labels.map(({ column }, l) => [column, encoded.labels[l]]));
      const joined = joinLabels(labels, byColumn as { [column: string]: Float32Array }, size);
      const writable = { ...encoded, labels: joined.map(({ data }) => data), weights, rowIds };
      for (let row = 0; row < size; row++) {
        if (bad.has(row)) continue;
        writers[source.assigned[rows[row] as number] as number]?.add(writable, row);
      }
    }
  } catch (error) {
    for (const writer of writers) writer.close();
    throw error;
  }
  const rows = writers.map((writer) => writer.finish());
  refuseUnseen([...unseen.values()]);
  return { encoding, layout, rows, badRows: badRows.found() };
}

/** Of how many training rows one teaches what an unknown category is. */
const oneIn = 50;

/** The same rows every time, others for every column. */
function isForgotten(row: number, feature: number): boolean {
  return uniformStream(0, 'unknown category', feature, row)() < 1 / oneIn;
}

/** What the rows of a table are written as. */
export function rowLayoutOf(
  encoding: TableEncoding,
  labels: readonly (LabelOptions | VectorLabel)[],
  weights: readonly string[],
): RowLayout {
  const { width, categories } = layoutOf(encoding);
  return {
    numbers: width,
    ids: categories.length,
    labels: labels.map((label) => {
      if ('columns' in label) return { dtype: 'float32', size: label.columns.length };
      const learned = encoding.labels.find(({ column }) => column === label.column);
      if (learned?.kind === 'set') return { dtype: 'float32', size: learned.classes.length };
      return { dtype: label.kind === 'number' ? 'float32' : 'int32' };
    }),
    weights,
  };
}

/** Weights of rows; a wrong one makes its row a bad one. */
function readWeights(
  names: readonly string[],
  size: number,
  valuesOf: (column: string) => ArrayLike<unknown>,
  report: (row: number, column: string, reason: string) => void,
): Float32Array[] {
  return names.map((name) => {
    const values = valuesOf(name);
    return Float32Array.from({ length: size }, (_, row) => {
      const weight = readNumber(values[row]);
      if (typeof weight === 'number' && weight >= 0 && Number.isFinite(Math.fround(weight))) return weight;
      const found = Number.isNaN(weight) ? 'none' : shown(values[row]);
      report(row, name, `a weight must be a number from 0, but is ${found}`);
      return 0;
    });
  });
}

/** Gathers rows with a value that cannot be read, block by block. */
function collectBadRows(file: string | undefined) {
  const first: BadRow[] = [];
  let count = 0;
  let seen = 0;
  const ofColumn = new Map<string, number>();
  return {
    ofBlock(rows: Float64Array) {
      const bad = new Map<number, BadRow>();
      seen += rows.length;
      return {
        has: (row: number) => bad.has(row),
        report(row: number, column: string, reason: string) {
          ofColumn.set(column, (ofColumn.get(column) ?? 0) + 1);
          const named = file === undefined ? {} : { file };
          if (!bad.has(row)) bad.set(row, { ...named, row: (rows[row] as number) + 1, column, reason });
        },
        finish() {
          count += bad.size;
          first.push(...bad.values());
          first.sort((a, b) => (a.row as number) - (b.row as number)).splice(mostDescribed);
        },
      };
    },
    found(): BadRows {
      // What no row is right about is said wrongly.
      const wrong = [...ofColumn].filter(([, bad]) => bad === seen && seen > 1).map(([column]) => column);
      const advice = wrong.map(
        (column) =>
          `No value of \`${column}\` can be used: look at what the run says of it, such as the names of its classes or its type.`,
      );
      return { count, first, ...(advice.length === 0 ? {} : { advice }) };
    },
  };
}

function refuseUnseen(unseen: readonly { part: string; column: string; reason: string; rows: number }[]): void {
  const [one] = unseen;
  if (one === undefined) return;
  const rows = one.rows === 1 ? '1 row' : `${one.rows} rows`;
  throw new TableError(
    ['labels', one.column],
    `${rows} for ${one.part}: ${one.reason}. Leave such rows out, join rare classes, or split otherwise, so that training has them.`,
  );
}

/** The columns that features and labels need, chunk by chunk in the order of the cache. */
async function* blocksOf(
  { database, rowsFile, columns, weights, signal }: PartedRows,
  {
    features,
    labels,
  }: { readonly features: readonly (ColumnUse & { column: string })[] } & {
    readonly labels: readonly { kind: string; column: string }[];
  },
): AsyncGenerator<{ size: number; rows: Float64Array; valuesOf(column: string): ArrayLike<unknown> }> {
  const wanted = new Map<string, ColumnUse>();
  for (const feature of features) wanted.set(feature.column, feature);
  for (const { column, kind } of labels) wanted.set(column, { type: kind === 'number' ? 'number' : 'category' });
  for (const column of weights) wanted.set(column, { type: 'number' });
  const names = [...wanted.keys()];
  const expressions = names.map((name) =>
    readExpression(columns.find((column) => column.name === name) as SourceColumn, wanted.get(name) as ColumnUse),
  );
  const sql =
    `SELECT ${[`CAST(${quoteName(rowColumn)} AS DOUBLE)`, ...expressions].join(', ')} ` +
    `FROM ${readParquet(rowsFile)}`;
  const places = new Map(names.map((name, place) => [name, place + 1]));
  for await (const { size, columns: values } of database.chunks(sql) as AsyncGenerator<Chunk>) {
    signal?.throwIfAborted();
    yield {
      size,
      rows: values[0] as Float64Array,
      valuesOf: (column) => values[places.get(column) as number] as ArrayLike<unknown>,
    };
  }
}

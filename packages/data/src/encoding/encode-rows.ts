import { DatasetError, type HostTensor, listNames, nearestWord } from '@polytask/core';
import { guessDateNumbers, packedMoment, whyNoDateNumbers } from './date-numbers.js';
import { blockEncoder } from './encode-block.js';
import type { RawRow } from './raw-values.js';
import { type ReadableColumns, type ReadBlock, type ReportValue, readBlock } from './read-block.js';
import {
  createTableLearner,
  type FeatureColumn,
  layoutOf,
  namesOfInputs,
  type TableEncoding,
  type TableSchema,
} from './table-encoding.js';
import type { Unfamiliar } from './unfamiliar.js';

/** Rows as a model takes them. */
export interface EncodedRows {
  readonly size: number;
  /** As `trainer.predict` and `tableDataset` take them. */
  readonly inputs: { readonly [input: string]: HostTensor };
  /** Labels by column, where they were asked for: float32 with NaN, or class ids with −1, for none. */
  readonly columns: { readonly [column: string]: Float32Array | Int32Array };
  /** By column: how many rows have a category, or lack a value, as no training row did. */
  readonly unfamiliar: readonly Unfamiliar[];
}

/** How {@link encodeRows} goes about it. */
export interface EncodeOptions {
  /**
   * Whether the rows have labels to be encoded too, to measure a model with; `'there'`: those that they have, while columns that are
   * not there are labels that are missing. Default false: only features are looked at.
   */
  readonly labels?: boolean | 'there';
  /**
   * Called for every value that cannot be read, with the number of its row among these, from 0. What is encoded for such a row
   * means nothing. Default: an error tells of them.
   */
  readonly report?: ReportValue;
}

/** How many unusable values are described one by one. */
const mostTold = 10;

/**
 * Learns how a table is encoded from its training rows: means and standard deviations, categories, names of classes.
 *
 * @throws DatasetError (`POLYTASK_DATASET`) where a column is not there or has no value, or a value cannot be read.
 * @example
 * ```ts
 * import { learnTable } from '@polytask/data';
 *
 * const { features } = learnTable([{ x: 1 }, { x: 3 }], { features: [{ column: 'x', type: 'number' }], labels: [] });
 * console.log(features[0]);
 * // => { type: 'number', column: 'x', missing: 'mean', fill: 2, center: 2, scale: 1, complete: true }
 * ```
 */
export function learnTable(rows: readonly RawRow[], schema: TableSchema): TableEncoding {
  const dated = { ...schema, features: schema.features.map((feature) => withDateNumbers(feature, rows)) };
  const learner = createTableLearner(dated);
  learner.add(readRows(rows, dated), () => true);
  return learner.learned();
}

/** A feature of dates with what its numbers stand for, by all rows, where nothing says it. */
function withDateNumbers(feature: FeatureColumn, rows: readonly RawRow[]): FeatureColumn {
  if (feature.type !== 'date' || feature.numbers !== undefined) return feature;
  const { column } = feature;
  const found = rows
    .map((row, index) => ({ row: `row ${index}`, value: row[column] }))
    .filter(({ value }) => typeof value === 'bigint' || Number.isFinite(value))
    .map(({ row, value }) => ({ row, value: Number(value) }));
  if (found.length === 0) return feature;
  const values = found.map(({ value }) => value);
  const isPacked = (value: number) => packedMoment(value) !== undefined;
  const facts = {
    ...{ count: values.length, packed: values.filter(isPacked).length },
    ...{ least: values.reduce((a, b) => Math.min(a, b)), most: values.reduce((a, b) => Math.max(a, b)) },
  };
  const numbers = guessDateNumbers(facts);
  if (numbers !== undefined) return { ...feature, numbers };
  // Rows of a program have dates as `Date.getTime` gives them, where nothing tells otherwise.
  if (facts.packed === 0) return feature;
  const mostly = facts.packed * 2 >= facts.count;
  const odd = found.find(({ value }) => isPacked(value) !== mostly) as (typeof found)[number];
  throw new DatasetError(`${capital(whyNoDateNumbers(column, facts, odd))}.`);
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/**
 * Encodes raw rows with what was learned in training, ready for `trainer.predict`: missing values are treated as they were
 * in training, unknown categories are the unknown category. Columns that the encoding does not have are passed over.
 *
 * Shapes: `numbers` `[rows, width]` float32, `categories` `[rows, columns]` int32.
 *
 * @throws DatasetError (`POLYTASK_DATASET`) where there is no row, a column is not there, or a value cannot be read and there
 * is no `report`.
 * @example
 * ```ts
 * import { encodeRows, learnTable } from '@polytask/data';
 *
 * const encoding = learnTable([{ x: 1 }, { x: 3 }], { features: [{ column: 'x', type: 'number' }], labels: [] });
 * const { inputs } = encodeRows(encoding, [{ x: 4 }, { x: null }]); // a missing value becomes the mean, which is 0
 * console.log(inputs.numbers?.data); // => Float32Array(2) [ 2, 0 ]
 * ```
 */
export function encodeRows(
  encoding: TableEncoding,
  rows: readonly RawRow[],
  { labels = false, report: told }: EncodeOptions = {},
): EncodedRows {
  const wanted = labels === false ? { ...encoding, labels: [] } : encoding;
  const block = readRows(rows, wanted, told, labels === 'there');
  const { report, finish } = collectBadValues(told);
  const { numbers, ids, labels: targets, unfamiliar } = blockEncoder(wanted)(block, report);
  finish();
  const { width, categories } = layoutOf(encoding);
  const names = namesOfInputs(encoding);
  const size = rows.length;
  return {
    size,
    unfamiliar,
    inputs: {
      ...(width > 0 ? { [names.numbers]: { data: numbers, shape: [size, width] } } : {}),
      ...(categories.length > 0 ? { [names.categories]: { data: ids, shape: [size, categories.length] } } : {}),
    },
    columns: Object.fromEntries(
      wanted.labels.map(({ column }, l) => [column, targets[l] as Float32Array | Int32Array]),
    ),
  };
}

/** Reads rows, column by column. */
function readRows(
  rows: readonly RawRow[],
  columns: ReadableColumns,
  told?: ReportValue,
  withoutLabels = false,
): ReadBlock {
  if (rows.length === 0) throw new DatasetError('There must be a row to encode, but there is none.');
  const { report, finish } = collectBadValues(told);
  const valuesOf = (column: string) => {
    if (!rows.some((row) => Object.hasOwn(row, column))) {
      if (withoutLabels && columns.labels.some((label) => label.column === column)) return rows.map(() => null);
      throw noColumn(column, rows);
    }
    return rows.map((row) => (Object.hasOwn(row, column) ? row[column] : null));
  };
  const block = readBlock(columns, rows.length, valuesOf, report);
  finish();
  return block;
}

function noColumn(column: string, rows: readonly RawRow[]): DatasetError {
  const known = Object.keys(rows[0] ?? {});
  const near = nearestWord(column, known);
  const advice = near === undefined ? '' : ` Did you mean \`${near}\`?`;
  return new DatasetError(`The rows must have a column \`${column}\`, but have ${listNames(known)}.${advice}`);
}

/** Gathers values that cannot be used; `finish` throws if there were any. Where the caller takes them, it does neither. */
function collectBadValues(ofCaller?: ReportValue): { report: ReportValue; finish(): void } {
  if (ofCaller !== undefined) return { report: ofCaller, finish() {} };
  const told: string[] = [];
  let count = 0;
  return {
    report(row, column, reason) {
      count += 1;
      if (told.length < mostTold) told.push(`row ${row}, column \`${column}\`: ${reason}`);
    },
    finish() {
      if (count === 0) return;
      const more = count > told.length ? `; and ${count - told.length} more` : '';
      throw new DatasetError(
        `All values must be readable, but: ${told.join('; ')}${more}. Correct them, or leave the rows out.`,
      );
    },
  };
}

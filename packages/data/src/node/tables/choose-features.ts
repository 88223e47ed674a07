import type { FeatureOptions } from '../../encoding/features.js';
import type { FeatureColumn } from '../../encoding/table-encoding.js';
import type { ColumnType, SourceColumn } from '../reading/column-types.js';
import type { SourceInfo } from '../reading/convert-source.js';
import { type Database, quoteName, readParquet } from '../reading/duckdb.js';
import { ambiguousDates } from '../reading/reader-sql.js';
import { noSuchColumn, TableError } from '../reading/table-error.js';

/** Features as they are asked for: names of columns, or what they are by name. Default: all columns that can be. */
export type FeatureChoice =
  | readonly string[]
  | { readonly [column: string]: FeatureOptions | FeatureOptions['type'] | Partial<FeatureOptions> };

/** The features of a table, and what was left out and why. */
export interface ChosenFeatures {
  readonly features: readonly FeatureColumn[];
  /** Columns whose type was found out. */
  readonly inferred: readonly string[];
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
}

/** More different texts than these are no categories, unless said otherwise. */
const mostInferred = 256;

/** Types that columns are taken for unless said otherwise; a text may be a category, if there are few different ones. */
const usualTypes: Readonly<Record<ColumnType, FeatureOptions['type']>> = {
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  date: 'date',
  text: 'category',
  // Never asked for: a list is no feature.
  list: 'text',
};

/**
 * The features of a table: those that were asked for, or all columns that are not needed for something else. Where the type
 * of a column is not given, it is found out.
 *
 * @param taken - Columns that are labels, or that the rows are split by, with what for.
 * @throws TableError (`POLYTASK_DATASET`) for columns that are not there, or labels that are to be features.
 */
export async function chooseFeatures(
  database: Database,
  rowsFile: string,
  { columns, unreadable, rows, ambiguous }: Pick<SourceInfo, 'columns' | 'unreadable' | 'rows' | 'ambiguous'>,
  choice: FeatureChoice | undefined,
  exclude: readonly string[],
  refine: boolean,
  taken: ReadonlyMap<string, string>,
): Promise<ChosenFeatures> {
  const byName = new Map(columns.map((column) => [column.name, column]));
  exclude.forEach((name, index) => {
    if (!byName.has(name) && !unreadable.some((column) => column.name === name)) {
      throw noSuchColumn(['exclude', index], name, columns);
    }
  });
  const asked = choice === undefined ? undefined : askedFor(choice);
  const lists = columns.filter(({ name, type }) => type === 'list' && !taken.has(name) && !exclude.includes(name));
  const leftOut = [
    ...unreadable.map(({ name, type }) => ({ column: name, reason: `a feature cannot be of type ${type}` })),
    ...lists.map(({ name }) => ({ column: name, reason: noList })),
  ];
  const features: FeatureColumn[] = [];
  const inferred: string[] = [];
  const refines = refine && !Array.isArray(choice);
  const named = new Set(asked?.map(({ column }) => column));
  const others = (): Asked[] =>
    columns
      .filter(({ name }) => !taken.has(name) && !exclude.includes(name) && !named.has(name))
      .map(({ name }) => ({ column: name, options: {}, place: ['features'] }));
  const candidates: readonly Asked[] = asked === undefined ? others() : refines ? [...asked, ...others()] : asked;
  for (const { column, options, place } of candidates) {
    const found = byName.get(column);
    const other = unreadable.find(({ name }) => name === column);
    if (other !== undefined)
      throw new TableError(place, `column \`${column}\` is of type ${other.type}, which no feature can be`);
    if (found === undefined) throw noSuchColumn(place, column, columns);
    const use = taken.get(column);
    if (use?.startsWith('label')) {
      throw new TableError(
        place,
        `column \`${column}\` is the ${use}, so it cannot be a feature too; leave it out here`,
      );
    }
    if (found.type === 'list') {
      if (named.has(column)) throw new TableError(place, `column \`${column}\`: ${noList}`);
      continue;
    }
    const undecided = ambiguous.find((dates) => dates.column === column);
    if (undecided !== undefined && (options.type ?? 'date') === 'date') throw ambiguousDates(undecided, place);
    if (options.type !== undefined) {
      features.push({ ...options, column } as FeatureColumn);
      continue;
    }
    const isAnswer = found.type === 'text' && (await isYesOrNo(database, rowsFile, found));
    const type = isAnswer ? 'boolean' : usualTypes[found.type];
    const reason =
      found.type === 'text' && !isAnswer ? await whyNoCategory(database, rowsFile, found, rows) : undefined;
    if (reason !== undefined && named.has(column)) {
      throw new TableError(
        place,
        `column \`${column}\` has ${reason}; say what it is: \`type: category\` or \`type: text\``,
      );
    }
    if (reason !== undefined) leftOut.push({ column, reason: `${reason}; name its type to use it` });
    else {
      features.push({ ...options, type, column } as FeatureColumn);
      inferred.push(column);
    }
  }
  if (features.length === 0) {
    const why = leftOut.map(({ column, reason }) => ` \`${column}\`: ${reason}.`).join('');
    throw new TableError(['features'], `there must be a feature to learn from, but no column is left for it.${why}`);
  }
  return { features, inferred, leftOut };
}

const noList = 'a list of values is no feature; make columns of it by `sql`';

type Asked = { column: string; options: Partial<FeatureOptions>; place: (string | number)[] };

/** The columns that a choice names, with what is said of them. */
export function askedFor(choice: FeatureChoice): Asked[] {
  if (Array.isArray(choice)) {
    return choice.map((column: string, index) => ({ column, options: {}, place: ['features', index] }));
  }
  return Object.entries(choice as Exclude<FeatureChoice, readonly string[]>).map(([column, options]) => ({
    column,
    options: typeof options === 'string' ? { type: options } : options,
    place: ['features', column],
  }));
}

/** Whether a column of texts says yes or no in all rows, or true or false. */
async function isYesOrNo(database: Database, rowsFile: string, { name }: SourceColumn): Promise<boolean> {
  const column = quoteName(name);
  const different = `SELECT DISTINCT ${column} AS word FROM ${readParquet(rowsFile)} WHERE ${column} IS NOT NULL LIMIT 5`;
  const words = (await database.rows(different)).map(({ word }) => String(word).trim().toLowerCase());
  return words.length > 0 && words.length < 5 && words.every((word) => ['yes', 'no', 'true', 'false'].includes(word));
}

/** Why a column of texts is not taken for categories; undefined where it is. */
async function whyNoCategory(
  database: Database,
  rowsFile: string,
  { name }: SourceColumn,
  rows: number,
): Promise<string | undefined> {
  const column = quoteName(name);
  const different =
    `SELECT DISTINCT ${column} FROM ${readParquet(rowsFile)} ` +
    `WHERE ${column} IS NOT NULL LIMIT ${mostInferred + 1}`;
  const [{ n } = {}] = await database.rows(`SELECT count(*)::DOUBLE AS n FROM (${different})`);
  const count = n as number;
  if (count > mostInferred) return `more than ${mostInferred} different texts`;
  return count > 8 && count > rows / 2 ? `${count} different texts in ${rows} rows` : undefined;
}

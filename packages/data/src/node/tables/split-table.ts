import { createHash } from 'node:crypto';
import { assignParts, countParts, setApart } from '../../split/assign-parts.js';
import { columnsOfRule, type Part, type SplitOptions, type SplitRule, splitRule } from '../../split/split-options.js';
import { readExpression } from '../reading/column-types.js';
import { rowColumn, type SourceInfo } from '../reading/convert-source.js';
import { type Database, quoteName, readParquet } from '../reading/duckdb.js';
import { noSuchColumn, TableError } from '../reading/table-error.js';

/** Which rows are in which part, as it is recorded. */
export interface SplitRecord extends Omit<SplitRule, 'by'> {
  readonly by: SplitRule['by'] | 'files';
  /** Rows of every part, before bad ones are left out. */
  readonly rows: Readonly<Record<Part, number>>;
  /** SHA-256 of the parts of all rows: two runs with the same digest had the same split. */
  readonly digest: string;
}

/** More values than these are no strata. */
const mostStrata = 10_000;

/**
 * Divides the rows of a converted source.
 *
 * @param marked - A column that says what rows are for, where files do; those for training are divided again where none is for validation.
 */
export async function splitTable(
  database: Database,
  rowsFile: string,
  { rows, columns }: Pick<SourceInfo, 'rows' | 'columns'>,
  options: SplitOptions,
  marked?: string,
): Promise<{ assigned: Uint8Array; record: SplitRecord }> {
  const rule = splitRule(options);
  const named = columnsOfRule(rule);
  const place = ['split', ...(named.length === 0 ? [] : [rule.by])];
  const values: ArrayLike<unknown>[] = [];
  for (const column of named)
    values.push(await splitValues(database, rowsFile, rows, columns, { ...rule, column }, place));
  const given = rule.columns === undefined ? (values[0] ?? []) : values;
  const ofFiles: SplitRule | undefined =
    marked === undefined ? undefined : { by: 'column', column: marked, validation: 0, test: 0, seed: rule.seed };
  const marks = ofFiles && (await splitValues(database, rowsFile, rows, columns, ofFiles, ['split', 'files']));
  try {
    const assigned = ofFiles === undefined ? assignParts(rule, rows, given) : assignParts(ofFiles, rows, marks);
    const { train, validation } = countParts(assigned);
    if (ofFiles !== undefined && validation === 0) setApart(rule, assigned, given, train);
    const digest = createHash('sha256').update(assigned).digest('hex');
    const by = ofFiles === undefined ? rule.by : ('files' as const);
    return { assigned, record: { ...rule, by, rows: countParts(assigned), digest } };
  } catch (error) {
    throw new TableError(place, (error as Error).message, { cause: error });
  }
}

/** The values to split by, in the order of the source's rows: numbers, or a number for each different text. */
async function splitValues(
  database: Database,
  rowsFile: string,
  rows: number,
  columns: SourceInfo['columns'],
  { by, column }: SplitRule,
  place: readonly string[],
): Promise<ArrayLike<unknown>> {
  const found = columns.find(({ name }) => name === column);
  if (found === undefined) throw noSuchColumn(place, String(column), columns);
  const isNumber = found.type === 'number' || found.type === 'integer';
  const expression = readExpression(found, { type: by !== 'time' ? 'category' : isNumber ? 'number' : 'date' });
  const sql = `SELECT CAST(${quoteName(rowColumn)} AS DOUBLE), ${expression} FROM ${readParquet(rowsFile)}`;
  // A text per row would be too much to hold of many rows; there are few different ones, or they are groups.
  const texts = new Map<unknown, number>();
  const byText = by === 'group' || by === 'stratify';
  const codes = new Uint32Array(byText ? rows : 0);
  const values: unknown[] | Float64Array = by === 'time' && found.type !== 'text' ? new Float64Array(rows) : [];
  for await (const { size, columns: chunk } of database.chunks(sql)) {
    const [places = [], given = []] = chunk as readonly [Float64Array, ArrayLike<unknown>];
    for (let i = 0; i < size; i++) {
      const row = places[i] as number;
      const value = given[i];
      if (!byText) {
        (values as unknown[])[row] = value;
        continue;
      }
      if (value === null && by === 'group')
        throw new TableError(place, `every row must have a \`${column}\`, but row ${row + 1} has none`);
      const code = texts.get(value) ?? texts.size;
      texts.set(value, code);
      if (by === 'stratify' && texts.size > mostStrata) {
        const message = `column \`${column}\` has more than ${mostStrata} values; expected classes, of which each part gets its share`;
        throw new TableError(place, message);
      }
      codes[row] = code;
    }
  }
  if (by !== 'stratify') return by === 'group' ? codes : values;
  // By the order of the values, so that it does not matter in which order they were found.
  const sorted = [...texts].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const ranks = new Uint32Array(texts.size);
  sorted.forEach(([, code], rank) => {
    ranks[code] = rank;
  });
  return codes.map((code) => ranks[code] as number);
}

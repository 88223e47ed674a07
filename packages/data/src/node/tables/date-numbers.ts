import { guessDateNumbers, whyNoDateNumbers } from '../../encoding/date-numbers.js';
import type { FeatureColumn } from '../../encoding/table-encoding.js';
import { rowColumn } from '../reading/convert-source.js';
import { type Database, quoteName, readParquet } from '../reading/duckdb.js';
import { TableError } from '../reading/table-error.js';
import type { PartedRows } from './encode-table.js';

/**
 * Features of dates with what their numbers stand for, by all rows of the table, where nothing says it.
 *
 * @throws TableError (`POLYTASK_DATASET`) where it cannot be told, with the first row that is unlike the others.
 */
export async function withDateNumbers(
  { database, rowsFile, columns, file }: Pick<PartedRows, 'database' | 'rowsFile' | 'columns' | 'file'>,
  features: readonly FeatureColumn[],
): Promise<FeatureColumn[]> {
  const filled: FeatureColumn[] = [];
  for (const feature of features) {
    const type = columns.find(({ name }) => name === feature.column)?.type;
    const open = feature.type === 'date' && feature.numbers === undefined && (type === 'integer' || type === 'number');
    const found = open ? await numbersOf(database, rowsFile, feature.column, file) : undefined;
    filled.push(found === undefined ? feature : ({ ...feature, numbers: found } as FeatureColumn));
  }
  return filled;
}

async function numbersOf(database: Database, rowsFile: string, column: string, file: string | undefined) {
  const values = `(SELECT ${quoteName(column)}::DOUBLE AS v, ${quoteName(rowColumn)}::DOUBLE AS n FROM ${readParquet(rowsFile)})`;
  const known = 'WHERE isfinite(v)';
  const [{ count, packed, least, most } = {}] = await database.rows(
    `SELECT count(*)::DOUBLE AS count, count(CASE WHEN ${isPacked} THEN 1 END)::DOUBLE AS packed, min(v) AS least, max(v) AS most FROM ${values} ${known}`,
  );
  // A column without a value is told elsewhere.
  if (count === 0) return undefined;
  const facts = { count, packed, least, most } as Parameters<typeof guessDateNumbers>[0];
  const found = guessDateNumbers(facts);
  if (found !== undefined) return found;
  const odd = facts.packed * 2 >= facts.count ? `NOT ${isPacked}` : isPacked;
  const [{ v, n } = {}] = await database.rows(`SELECT v, n FROM ${values} ${known} AND ${odd} ORDER BY n LIMIT 1`);
  const row = `${file === undefined ? '' : `${file}, `}row ${Number(n) + 1}`;
  throw new TableError(['features', column], whyNoDateNumbers(column, facts, { row, value: Number(v) }));
}

const digits = 'CAST(TRY_CAST(v AS BIGINT) AS VARCHAR)';
/** Whether the number `v` is a packed date, as `packedMoment` has it. SQL. */
const isPacked =
  `coalesce(v = floor(v) AND left(${digits}, 4) BETWEEN '1800' AND '2200' AND CASE length(${digits}) ` +
  `WHEN 8 THEN try_strptime(${digits}, '%Y%m%d') IS NOT NULL WHEN 14 THEN try_strptime(${digits}, '%Y%m%d%H%M%S') IS NOT NULL ` +
  'ELSE false END, false)';

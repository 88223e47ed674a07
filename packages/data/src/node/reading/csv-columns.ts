import { type Candidate, type ColumnReading, candidatesFor, fitsSql, type ValueOptions } from './csv-values.js';
import { type Database, quoteName, quoteText } from './duckdb.js';

/** What is found out about the columns of a CSV file. */
export interface FoundColumns {
  readonly columns: readonly ColumnReading[];
  /** Columns of dates that can be read in several ways. */
  readonly ambiguous: readonly AmbiguousDates[];
  /** Of columns that are texts: by which way to write a date most of the values could be read. */
  readonly nearlyDates: { readonly [column: string]: string };
}

/** Dates whose day could be the month. */
export interface AmbiguousDates {
  readonly column: string;
  readonly formats: readonly string[];
}

/** Up to this many columns have an expression each in one query, which is fastest; planning takes time by the square of their number. */
const fewColumns = 40;
/** Of more, this many at a time are one column of names and values: one expression for all, and the file is read once for each of these. */
const together = 1000;

/**
 * Finds out what the columns of a file hold, by all of its values: a type is one that every value has.
 *
 * @param raw - The view of the file, all columns texts.
 * @param samples - First values of each column.
 */
export async function findColumns(
  database: Database,
  raw: string,
  names: readonly string[],
  samples: readonly (readonly string[])[],
  options: ValueOptions,
  missing: readonly string[],
): Promise<FoundColumns> {
  const words = new Set(['', ...missing]);
  const open = names.map((name, index) => ({ name, tried: candidatesFor(samples[index] ?? [], options, words) }));
  const found = new Map<string, ColumnReading>();
  const ambiguous: AmbiguousDates[] = [];
  const nearlyDates: Record<string, string> = {};
  // Narrow types first, each alone; ways to write dates all at once, since several may fit.
  const alone = Math.max(0, ...open.map(({ tried }) => tried.filter(({ format }) => format === undefined).length));
  for (let round = 0; round <= alone; round++) {
    const asked = open
      .filter(({ name }) => !found.has(name))
      .flatMap(({ name, tried }) => {
        const plain = tried.filter(({ format }) => format === undefined);
        const now = round < alone ? plain.slice(round, round + 1) : tried.filter(({ format }) => format !== undefined);
        return now.length === 0 ? [] : [{ name, tried: now }];
      });
    const counted = await countFits(database, raw, asked, options);
    if (counted === undefined) break;
    for (const { name, rows, fits } of counted) {
      const right = fits.filter(({ count }) => count === rows);
      const [first] = right;
      if (rows === 0) {
        found.set(name, { name, type: 'VARCHAR' });
        continue;
      }
      if (first !== undefined && (right.length === 1 || first.reading.format === undefined)) {
        found.set(name, { name, ...first.reading });
      } else if (
        right.length > 1 &&
        (await differ(
          database,
          raw,
          name,
          right.map(({ reading }) => reading),
        ))
      ) {
        ambiguous.push({ column: name, formats: right.map(({ reading }) => reading.format as string) });
      } else if (first !== undefined) found.set(name, { name, ...first.reading });
      else {
        const [most] = [...fits].sort((a, b) => b.count - a.count);
        if (most?.reading.format !== undefined && most.count * 2 > rows) nearlyDates[name] = most.reading.format;
      }
    }
  }
  return { columns: names.map((name) => found.get(name) ?? { name, type: 'VARCHAR' }), ambiguous, nearlyDates };
}

interface Asked {
  readonly name: string;
  readonly tried: readonly Candidate[];
}

interface Counted {
  readonly name: string;
  readonly rows: number;
  readonly fits: { readonly reading: Candidate; readonly count: number }[];
}

/** By column: how many values there are, and how many of them are read by each of the readings. Undefined where no line is a row. */
async function countFits(
  database: Database,
  raw: string,
  asked: readonly Asked[],
  options: ValueOptions,
): Promise<Counted[] | undefined> {
  if (asked.length <= fewColumns) return countFew(database, raw, asked, options);
  const alike = new Map<string, Asked[]>();
  for (const one of asked) {
    const key = JSON.stringify(one.tried);
    alike.set(key, [...(alike.get(key) ?? []), one]);
  }
  const counted: Counted[] = [];
  for (const group of alike.values()) {
    for (let from = 0; from < group.length; from += together) {
      const found = await countMany(database, raw, group.slice(from, from + together), options);
      if (found === undefined) return undefined;
      counted.push(...found);
    }
  }
  return counted;
}

async function countFew(
  database: Database,
  raw: string,
  asked: readonly Asked[],
  options: ValueOptions,
): Promise<Counted[] | undefined> {
  if (asked.length === 0) return [];
  const counts = asked.flatMap(({ name, tried }, c) => [
    `count(${quoteName(name)})::DOUBLE AS n${c}`,
    ...tried.map((reading, r) => `${fitCount(quoteName(name), reading, options)} AS c${c}r${r}`),
  ]);
  const [row = {}] = await database.rows(`SELECT count(*)::DOUBLE AS n, ${counts.join(', ')} FROM ${raw}`);
  if (row.n === 0) return undefined;
  return asked.map(({ name, tried }, c) => ({
    name,
    rows: row[`n${c}`] as number,
    fits: tried.map((reading, r) => ({ reading, count: row[`c${c}r${r}`] as number })),
  }));
}

/** Of columns with the same readings. */
async function countMany(
  database: Database,
  raw: string,
  asked: readonly Asked[],
  options: ValueOptions,
): Promise<Counted[] | undefined> {
  const tried = asked[0]?.tried ?? [];
  const values = asked.map(({ name }) => quoteName(name)).join(', ');
  const counts = ['count(v)::DOUBLE AS n', ...tried.map((reading, r) => `${fitCount('v', reading, options)} AS r${r}`)];
  const rows = await database.rows(
    `SELECT ${counts.join(', ')} FROM (SELECT unnest([${values}]) AS v, unnest(range(${asked.length})) AS i FROM ${raw}) ` +
      'GROUP BY i ORDER BY i',
  );
  if (rows.length === 0) return undefined;
  return asked.map(({ name }, c) => ({
    name,
    rows: rows[c]?.n as number,
    fits: tried.map((reading, r) => ({ reading, count: rows[c]?.[`r${r}`] as number })),
  }));
}

const fitCount = (value: string, reading: Candidate, options: ValueOptions) =>
  `count(CASE WHEN ${fitsSql(value, reading, options)} THEN 1 END)::DOUBLE`;

/** Whether ways to write dates give different dates. */
async function differ(database: Database, raw: string, name: string, readings: readonly Candidate[]): Promise<boolean> {
  const column = quoteName(name);
  const read = readings.map(({ format }) => `try_strptime(trim(${column}), ${quoteText(format ?? '')})`);
  const others = read.slice(1).map((other) => `${other} IS DISTINCT FROM ${read[0]}`);
  const [{ n } = {}] = await database.rows(`SELECT count(*)::DOUBLE AS n FROM ${raw} WHERE ${others.join(' OR ')}`);
  return (n as number) > 0;
}

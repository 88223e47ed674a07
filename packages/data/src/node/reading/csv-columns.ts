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

/** Expressions that one query has at most: planning takes time by their square. */
const together = 400;

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

/** By column: how many values there are, and how many of them are read by each of the readings. */
async function countFits(
  database: Database,
  raw: string,
  asked: readonly { readonly name: string; readonly tried: readonly Candidate[] }[],
  options: ValueOptions,
): Promise<{ name: string; rows: number; fits: { reading: Candidate; count: number }[] }[] | undefined> {
  const counted: { name: string; rows: number; fits: { reading: Candidate; count: number }[] }[] = [];
  for (let from = 0; from < asked.length; from += together) {
    const some = asked.slice(from, from + together);
    const counts = some.flatMap(({ name, tried }, c) => [
      `count(${quoteName(name)})::DOUBLE AS n${c}`,
      ...tried.map(
        (reading, r) =>
          `count(CASE WHEN ${fitsSql(quoteName(name), reading, options)} THEN 1 END)::DOUBLE AS c${c}r${r}`,
      ),
    ]);
    const [row = {}] = await database.rows(`SELECT count(*)::DOUBLE AS n, ${counts.join(', ')} FROM ${raw}`);
    // No line is a row: there is nothing to find out.
    if (row.n === 0) return undefined;
    some.forEach(({ name, tried }, c) => {
      const fits = tried.map((reading, r) => ({ reading, count: row[`c${c}r${r}`] as number }));
      counted.push({ name, rows: row[`n${c}`] as number, fits });
    });
  }
  return counted;
}

/** Whether ways to write dates give different dates. */
async function differ(database: Database, raw: string, name: string, readings: readonly Candidate[]): Promise<boolean> {
  const column = quoteName(name);
  const read = readings.map(({ format }) => `try_strptime(trim(${column}), ${quoteText(format ?? '')})`);
  const others = read.slice(1).map((other) => `${other} IS DISTINCT FROM ${read[0]}`);
  const [{ n } = {}] = await database.rows(`SELECT count(*)::DOUBLE AS n FROM ${raw} WHERE ${others.join(' OR ')}`);
  return (n as number) > 0;
}

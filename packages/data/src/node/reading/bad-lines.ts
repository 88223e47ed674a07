import { basename } from 'node:path';
import { shown } from '../../encoding/raw-values.js';
import { type BadRow, type BadRows, joinBadRows, mostDescribed } from './bad-rows.js';
import { type BadLineUse, type CsvFile, csvAfter, csvSql } from './csv-files.js';
import { type Database, isOurs } from './duckdb.js';
import { jsonLines, type Reader } from './reader-sql.js';
import type { SourceFile } from './source-files.js';

/** Whether an error of the database is about a line of a CSV file. */
export function isBadLine(error: unknown): boolean {
  return /CSV Error on Line/.test((error as Error).message);
}

/**
 * Lines of CSV files that are no rows: all are counted, the first are described. Takes time in proportion to the files, whatever is
 * wrong with them.
 */
export async function badCsvLines(database: Database, readers: Iterable<Reader>): Promise<BadRows> {
  const lists: BadRows[] = [];
  for (const { csv } of readers) {
    for (const file of csv?.files ?? []) lists.push(await badLinesOf(database, file, csv?.columns ?? []));
  }
  return joinBadRows(...lists);
}

async function badLinesOf(database: Database, file: CsvFile, wanted: CsvFile['columns']): Promise<BadRows> {
  const types = new Map(wanted.map(({ name, type }) => [name.toLowerCase(), type]));
  const columns = file.columns.map(({ name }) => ({ name, type: types.get(name.toLowerCase()) ?? 'VARCHAR' }));
  const first: BadRow[] = [];
  for (let lines = file.skip; first.length < mostDescribed; ) {
    const bad = await badLine(database, readAll(csvAfter(file, columns, lines)));
    if (bad === undefined) return { count: first.length, first };
    // Where a line has too many or too few values, that is the reason for the one that is wrong.
    const texts = columns.map(({ name }) => ({ name, type: 'VARCHAR' }));
    const sameLine = `SELECT * FROM ${csvAfter(file, texts, bad.line - 1)} LIMIT 1`;
    const whole = bad.column === undefined ? undefined : await badLine(database, sameLine);
    first.push({ file: basename(file.file.path), ...(whole?.line === bad.line ? whole : bad) });
    // Where the database does not say how far it came, there is no going on.
    if (!(bad.line > lines)) break;
    lines = bad.line;
  }
  const rows = async (badLines: BadLineUse) => {
    const [{ n } = {}] = await database.rows(readAll(csvSql([file], columns, badLines)));
    return n as number;
  };
  return { count: Math.max((await rows('count')) - (await rows('skip')), first.length), first };
}

/** The first line that a query does not get over. */
async function badLine(database: Database, sql: string): Promise<(BadRow & { line: number }) | undefined> {
  try {
    await database.rows(sql);
    return undefined;
  } catch (error) {
    if (isOurs(error) || !isBadLine(error)) throw error;
    return describe((error as Error).message);
  }
}

/** A count alone would not look at the values. */
const readAll = (reader: string) => `SELECT count(hash(r))::DOUBLE AS n FROM ${reader} r`;

/** What is said of a line comes after the line itself, which may hold anything. */
function describe(message: string): BadRow & { line: number } {
  const line = Number(/CSV Error on Line: (\d+)/.exec(message)?.[1]);
  const after = (words: string) => {
    const at = message.lastIndexOf(words);
    return at < 0 ? '' : message.slice(at, at + 4096);
  };
  const value = /^\nError when converting column "([\s\S]*?)"\. Could not convert string "([\s\S]*)/.exec(
    after('\nError when converting column "'),
  );
  if (value !== null) {
    const [, column = '', rest = ''] = value;
    const [, found = rest, type = ''] = /^([\s\S]*?)" to '([A-Z]+)/.exec(rest) ?? [];
    return {
      line,
      column,
      reason: `${shown(found)} is no ${type === 'DOUBLE' ? 'number' : type.toLowerCase() || 'value'}`,
    };
  }
  const counts = /^\nExpected Number of Columns: (\d+) Found: (\d+)/.exec(after('\nExpected Number of Columns: '));
  if (counts !== null) return { line, reason: `the line has ${counts[2]} values, but there are ${counts[1]} columns` };
  const advice = message.lastIndexOf('\nPossible ');
  const said = message
    .slice(Math.max(0, advice - 300), Math.max(0, advice))
    .trim()
    .split('\n')
    .at(-1);
  return { line, reason: said || 'it cannot be read' };
}

/** Whether an error of the database is about broken JSON. */
export function isMalformed(error: unknown): boolean {
  return /Malformed JSON|JSON transform/i.test((error as Error).message);
}

/** Lines of JSONL files that are no JSON. */
export async function malformedLines(database: Database, files: readonly SourceFile[]): Promise<BadRows> {
  const first: BadRow[] = [];
  let count = 0;
  for (const file of files.filter(({ format: kind }) => kind === 'jsonl')) {
    const numbered = `SELECT row_number() OVER () AS line, line AS content FROM ${jsonLines([file])}`;
    const bad = `SELECT line::DOUBLE AS line, content FROM (${numbered}) WHERE NOT json_valid(content)`;
    const [{ n } = {}] = await database.rows(`SELECT count(*)::DOUBLE AS n FROM (${bad})`);
    count += n as number;
    for (const { line, content } of await database.rows(`${bad} ORDER BY 1 LIMIT ${mostDescribed}`)) {
      const shown = String(content).slice(0, 60);
      first.push({ file: basename(file.path), line: line as number, reason: `no JSON: ${shown}` });
    }
  }
  return { count, first: first.slice(0, mostDescribed) };
}

import { basename } from 'node:path';
import { type BadRow, type BadRows, mostDescribed } from './bad-rows.js';
import type { Database } from './duckdb.js';
import { jsonLines } from './reader-sql.js';
import type { SourceFile } from './source-files.js';

/** Lines of CSV files that DuckDB put aside. */
export async function rejectedLines(database: Database, files: readonly SourceFile[]): Promise<BadRows> {
  if (files.every(({ format: kind }) => kind !== 'csv')) return { count: 0, first: [] };
  const distinct =
    'SELECT DISTINCT s.file_path AS file, e.line::DOUBLE AS line, e.column_name AS name, e.error_type::VARCHAR AS type, ' +
    'e.error_message AS message FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id)';
  const tables = await database.rows(
    "SELECT count(*)::DOUBLE AS n FROM duckdb_tables() WHERE table_name = 'reject_errors'",
  );
  if (tables[0]?.n === 0) return { count: 0, first: [] };
  const [{ count } = {}] = await database.rows(
    `SELECT count(DISTINCT (file, line))::DOUBLE AS count FROM (${distinct})`,
  );
  // A line with several values too many is told once, with all of them.
  const rows = await database.rows(
    `SELECT DISTINCT ON (file, line) * FROM (${distinct}) ORDER BY file, line, message DESC LIMIT ${mostDescribed}`,
  );
  return {
    count: count as number,
    first: rows.map(({ file, line, name, type, message }): BadRow => {
      const reason = reasonOf(String(type), String(message));
      const place = { file: basename(String(file)), line: line as number };
      return name === null || type !== 'CAST' ? { ...place, reason } : { ...place, column: String(name), reason };
    }),
  };
}

function reasonOf(type: string, message: string): string {
  const value = /Could not convert string "([\s\S]*)" to '([A-Z]+)/.exec(message);
  if (value !== null)
    return `${JSON.stringify(value[1])} is no ${value[2] === 'DOUBLE' ? 'number' : value[2]?.toLowerCase()}`;
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
  if (counts !== null) return `the line has ${counts[2]} values, but there are ${counts[1]} columns`;
  return `${type.toLowerCase()}: ${message.split('\n')[0]}`;
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

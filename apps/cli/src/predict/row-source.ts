import { stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { nearestWord, PolytaskError } from '@polytask/core';
import { openRegularFile } from '@polytask/core/node';
import type { RawRow, TableEncoding } from '@polytask/data';
import { type BadRows, type FileFormat, type ReadRowsOptions, readRows, type TableReading } from '@polytask/data/node';
import type { Config } from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import type { Io } from '../io.js';

/** Where rows come from, and how they are read. */
export interface RowRequest {
  /** As the user wrote them; none, or `-`, is standard input. */
  readonly files: readonly string[];
  /** Default: by the name of the file, or by the first bytes of standard input. */
  readonly format?: FileFormat | undefined;
  readonly encoding: TableEncoding;
  readonly labels?: boolean | 'there';
  /** The run's: says how CSV is written, and which SQL the rows go through. */
  readonly data: Config['data'];
  /** How the files of the run were read. */
  readonly reading?: TableReading | undefined;
  /** Whether rows go through that SQL. */
  readonly sql: boolean;
  /** Columns to be carried along. */
  readonly exact?: readonly string[];
  /** Called for lines that are not rows; they are left out. */
  readonly onBadLines: (badRows: BadRows) => void;
}

/** Some rows of one file. */
export interface RowBlock {
  /** For messages. */
  readonly file: string;
  /** Number of the first one in its file, from 0. */
  readonly first: number;
  readonly rows: readonly RawRow[];
}

/** Rows in blocks of `size`, but for the last one of every file. */
export async function* readBlocks(request: RowRequest, size: number, io: Io): AsyncGenerator<RowBlock> {
  const names = request.files.length === 0 ? ['-'] : request.files;
  for (const name of names) await refuseUnreadable(name, request, io);
  // What is wrong with a later file is reported before rows of an earlier one have been written.
  const quietly = { ...request, onBadLines() {} };
  for (const name of names.slice(1)) if (name !== '-') await firstOf(openFile(name, quietly, io));
  for (const name of names) {
    let first = 0;
    let waiting: RawRow[] = [];
    for await (const rows of openFile(name, request, io)) {
      waiting.push(...rows);
      while (waiting.length >= size) {
        yield { file: shownName(name), first, rows: waiting.slice(0, size) };
        first += size;
        waiting = waiting.slice(size);
      }
    }
    if (waiting.length > 0) yield { file: shownName(name), first, rows: waiting };
  }
}

/** The columns that rows must have so that the model can read them. */
function neededColumns({ features }: TableEncoding): string {
  return features.map(({ column }) => `\`${column}\``).join(', ');
}

const shownName = (name: string) => (name === '-' ? 'standard input' : basename(name));

async function refuseUnreadable(name: string, { files, format }: RowRequest, { cwd, stdin }: Io): Promise<void> {
  const refuse = (message: string) => new InputError([{ where: name === '-' ? 'standard input' : name, message }]);
  if (name === '-') {
    if (stdin === undefined) throw refuse('there is none; name a file');
    if (files.filter((file) => file === '-').length > 1) throw refuse('`-` can be read only once');
    return;
  }
  const found = await stat(resolve(cwd, name)).catch(() => undefined);
  // Which names are near, the reader says.
  if (found === undefined || format === undefined) return;
  if (!found.isFile()) throw refuse('with --format, this has to be a file');
  const file = await openRegularFile(resolve(cwd, name)).catch((error: Error) => {
    throw refuse(error.message);
  });
  await file.close();
}

async function firstOf(rows: AsyncGenerator<unknown>): Promise<void> {
  await rows.next();
  await rows.return(undefined);
}

/** Rows of a file; what is wrong with it is a mistake of the input. */
async function* openFile(name: string, request: RowRequest, io: Io): AsyncGenerator<RawRow[]> {
  const { encoding, labels = false, data, exact = [] } = request;
  const { csv, source, sql, sqlTimeout } = data as Pick<ReadRowsOptions, 'csv' | 'sql' | 'sqlTimeout'> & {
    source?: unknown;
  };
  const table = tableName(source);
  const throughSql = request.sql && sql !== undefined && table !== undefined;
  const { from, format } = await openSource(name, request, io);
  const options: ReadRowsOptions = {
    encoding,
    labels,
    exact,
    onBadLines: ({ first, ...others }) =>
      request.onBadLines({ ...others, first: first.map((bad) => ({ ...bad, file: shownName(name) })) }),
    ...(format === undefined ? {} : { format }),
    // Only of the format it was meant for.
    ...(csv === undefined ? {} : { csv }),
    ...(request.reading === undefined ? {} : { reading: request.reading }),
    ...(throughSql ? { sql, table } : {}),
    ...(throughSql && sqlTimeout !== undefined ? { sqlTimeout } : {}),
    signal: io.signal,
  };
  try {
    yield* readRows(from, options);
  } catch (error) {
    if (!PolytaskError.isInstance(error) || error.code !== 'POLYTASK_DATASET') throw error;
    const advice = throughSql
      ? ' Rows go through the `sql` that the run file has, and need all columns that it names (they may be empty); ' +
        `--no-sql takes rows that have ${neededColumns(encoding)} already.`
      : '';
    const message = error.message.replace(/\S*polytask-rows-[\da-f]{16}\.\w+/g, shownName(name));
    throw new InputError([{ where: name === '-' ? 'standard input' : name, message: `${message}${advice}` }]);
  }
}

/** The one table that SQL reads; undefined where it reads several, of which a file can be only one. */
function tableName(source: unknown): string | undefined {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) return 'data';
  const names = Object.keys(source);
  return names.length === 1 ? names[0] : undefined;
}

async function openSource(
  name: string,
  { format }: RowRequest,
  { cwd, stdin }: Io,
): Promise<{ from: string | Readable; format?: FileFormat }> {
  const path = resolve(cwd, name);
  // A stream's format is what it is said to be; a file's, what its name says.
  if (name !== '-') {
    if (format === undefined) return { from: path };
    return { from: (await openRegularFile(path)).createReadStream(), format };
  }
  const chunks = (stdin as Readable)[Symbol.asyncIterator]();
  let { value: first, done } = await chunks.next();
  while (done !== true && first.length === 0) ({ value: first, done } = await chunks.next());
  if (done === true)
    throw new InputError([{ where: 'standard input', message: 'there must be rows, but it is empty' }]);
  const again = Readable.from(
    (async function* () {
      yield first;
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
    })(),
  );
  return { from: again, format: format ?? formatByContent(String(first).slice(0, 4096)) };
}

/** What text begins like. */
function formatByContent(text: string): FileFormat {
  const start = text.replace(/^\uFEFF/, '').trimStart();
  if (start.startsWith('PAR1')) return 'parquet';
  if (start.startsWith('[')) return 'json';
  return start.startsWith('{') ? 'jsonl' : 'csv';
}

/** The format that a file's name says for output. */
export function outputFormat<Format extends string>(
  path: string,
  formats: readonly Format[],
): { format?: Format; near?: string } {
  const ending = extname(path).slice(1).toLowerCase();
  const format = (ending === 'ndjson' ? 'jsonl' : ending) as Format;
  if (formats.includes(format)) return { format };
  const near = nearestWord(ending, formats);
  return near === undefined ? {} : { near };
}

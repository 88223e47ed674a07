import { resolve } from 'node:path';
import type { AnyTask, MultiTaskDataset, Trainer } from '@polytask/core';
import type { FileFormat } from '@polytask/data/node';
import type { CodePlaces, Config } from '@polytask/experiment';
import {
  begunConfig,
  compareData,
  labelsOf,
  openModel,
  prepareData,
  type ReadDocument,
  readDocument,
  readingOf,
  readSavedModel,
  requireTable,
  type SavedModel,
  summarize,
} from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { colorsFor, type Io, print, printJson } from '../io.js';
import { type BlockEncoder, blockEncoder, placeOfBadRow } from '../predict/bad-rows.js';
import { labelledRows } from '../predict/labelled-rows.js';
import { partRows } from '../predict/part-rows.js';
import { readBlocks } from '../predict/row-source.js';
import { fileWriter } from '../predict/row-writer.js';
import { thresholdsOf } from '../predict/thresholds.js';
import { describeUnfamiliar } from '../predict/unfamiliar.js';
import { counted } from '../report/format.js';
import { noRowProgress, rowProgress } from '../report/row-progress.js';
import { meansOf, scoresTable, type TaskMetrics } from '../report/scores-table.js';
import { fileFor, maxBadRowsOf, type PredictOutput } from './predict.js';

/** Options of `polytask evaluate`, as the command line gives them. */
export interface EvaluateOptions {
  readonly part?: 'train' | 'validation' | 'test';
  readonly data?: string;
  readonly predictions?: string;
  readonly force?: boolean;
  readonly threshold?: readonly string[];
  readonly format?: FileFormat;
  readonly maxBadRows?: string;
  readonly sql?: boolean;
  readonly backend?: Config['backend'];
  readonly plugins?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Rows to measure on. */
interface MeasuredRows {
  readonly dataset: MultiTaskDataset;
  /** What they are, for people. */
  readonly title: string;
  /** Only of a file. */
  readonly badRows?: BlockEncoder['found'];
  readonly unfamiliar?: BlockEncoder['unfamiliar'];
}

/**
 * Measures every task of a finished run, on a part of the rows of the run or on those of another file.
 *
 * @throws InputError where model, rows or options are wrong.
 */
export async function evaluate(folder: string, options: EvaluateOptions, io: Io): Promise<'done' | 'interrupted'> {
  checkOptions(options);
  const output =
    options.predictions === undefined
      ? undefined
      : await fileFor('--predictions', options.predictions, options.force, io.cwd);
  const thresholds = thresholdsOf(options.threshold);
  const saved = await readSavedModel({ folder, cwd: io.cwd, plugins: options.plugins, thresholds });
  const path = resolve(io.cwd, folder);
  const { document, ...read } = await readDocument(path, folder);
  const progress = options.quiet === true ? noRowProgress : rowProgress(io, 'Measuring');
  const own =
    options.data === undefined
      ? await partOf({ document, ...read }, saved.code, folder, options.part ?? 'test', io.signal)
      : undefined;
  if (own === undefined) requireTable(saved, folder, 'evaluate --data');
  const { name, threads = saved.config.threads } = document.backend;
  // What trained gives the very numbers that the run has; another one rounds otherwise.
  const backend = options.backend ?? (name as Config['backend']);
  const where =
    options.backend === undefined ? `${folder} (trained by ${name}; --backend takes another)` : `--backend ${backend}`;
  const warn = (message: string) => {
    if (options.quiet !== true) print(io.stderr, `Warning: ${message}`);
  };
  const { trainer, backend: selected } = await openModel(saved, { backend, threads }, where, warn);
  try {
    if (io.signal.aborted) return 'interrupted';
    const rows = own ?? rowsOfFile(saved, trainer.tasks, folder, options.data ?? '-', options, io, progress.rows);
    const { evaluationBatchSize: batchSize } = saved.config.training;
    const scores = (await trainer.evaluate(rows.dataset, { batchSize })).tasks;
    progress.end();
    const { size } = rows.dataset;
    if (size === 0)
      throw new InputError([{ where: rows.title, message: 'there must be a row to measure, but there is none' }]);
    if (output !== undefined) await writePart(trainer, rows.dataset, output);
    const means = meansOf(scores, trainer.tasks);
    const { badRows } = rows;
    if (options.json === true) {
      const of = options.data === undefined ? { part: options.part ?? 'test' } : { data: options.data };
      const tasks = trainer.tasks.map(summarize);
      const result = {
        status: 'done',
        folder,
        ...of,
        rows: size,
        ...(badRows && { badRows }),
        scores,
        means,
        tasks,
        backend: selected,
      };
      printJson(io.stdout, result);
      return 'done';
    }
    if (badRows !== undefined && badRows.count > 0 && options.quiet !== true) {
      print(
        io.stderr,
        `${counted(badRows.count, 'row')} could not be read and ${badRows.count === 1 ? 'is' : 'are'} left out:`,
      );
      for (const bad of badRows.first) print(io.stderr, `  ${placeOfBadRow(bad)}: ${bad.reason}`);
    }
    if (options.quiet !== true)
      for (const line of describeUnfamiliar(rows.unfamiliar ?? [], size)) print(io.stderr, line);
    print(io.stdout, `${folder} on ${rows.title}: ${counted(size, 'row')}\n`);
    print(
      io.stdout,
      scoresTable(scores as TaskMetrics, means, trainer.tasks.map(summarize), colorsFor(io.stdout, io.env)),
    );
    return 'done';
  } finally {
    progress.end();
    trainer.dispose();
  }
}

/** Writes labels and predictions of the rows that were measured, to a file that is there whole or not at all. */
async function writePart(
  trainer: Trainer<readonly AnyTask[]>,
  dataset: MultiTaskDataset,
  { path, format }: Required<PredictOutput>,
): Promise<void> {
  const { names, rows } = partRows(trainer, dataset);
  const writer = await fileWriter(path, format, names);
  try {
    for await (const block of rows()) await writer.write(block);
    await writer.finish();
  } finally {
    await writer.abandon();
  }
}

function checkOptions({ part, data, format, maxBadRows, sql, predictions, force }: EvaluateOptions): void {
  const refuse = (where: string, message: string) => new InputError([{ where, message }]);
  if (data !== undefined && part !== undefined)
    throw refuse(`--part ${part}`, 'rows come from --data already; leave one of the two out');
  if (data !== undefined && predictions !== undefined) {
    const message =
      'this is about rows of the run; for those of a file there is `polytask predict`, with --keep for its labels';
    throw refuse(`--predictions ${predictions}`, message);
  }
  if (force === true && predictions === undefined)
    throw refuse('--force', 'there is no file to replace; name one by --predictions');
  if (data !== undefined) return;
  const [only] = [
    ...(format === undefined ? [] : [`--format ${format}`]),
    ...(maxBadRows === undefined ? [] : [`--max-bad-rows ${maxBadRows}`]),
    ...(sql === false ? ['--no-sql'] : []),
  ];
  if (only !== undefined) throw refuse(only, 'this is about a file of rows; name one by --data, or leave it out');
}

/** A part of the rows that the run itself divided; they have to be what they were. */
async function partOf(
  read: ReadDocument,
  code: CodePlaces,
  folder: string,
  part: 'train' | 'validation' | 'test',
  signal: AbortSignal,
): Promise<MeasuredRows> {
  const loaded = begunConfig(read, code);
  if (loaded.mistakes.mistakes.length > 0) throw new InputError(loaded.mistakes.mistakes);
  const data = await prepareData(loaded, signal);
  await compareData(data, read.document, folder);
  const dataset = data[part];
  const title = { train: 'its training rows', validation: 'its validation rows', test: 'its test rows' }[part];
  if (dataset !== undefined) return { dataset, title };
  throw new InputError([
    { where: `--part ${part}`, message: 'this run set no validation rows apart; take test or train' },
  ]);
}

/** Rows of another file, read while they are measured. */
function rowsOfFile(
  saved: SavedModel,
  tasks: readonly AnyTask[],
  folder: string,
  file: string,
  { format, maxBadRows, sql }: EvaluateOptions,
  io: Io,
  told: (rows: number) => void,
): MeasuredRows {
  const encoding = requireTable(saved, folder, 'evaluate --data');
  const encoder = blockEncoder(encoding, maxBadRowsOf(maxBadRows, saved.config), true);
  const reading = readingOf(saved, folder);
  const { data, training } = saved.config;
  const request = {
    files: [file],
    format,
    encoding,
    reading,
    labels: true,
    data,
    sql: sql !== false,
    onBadLines: encoder.addLines,
  };
  const labels = labelsOf(saved.config.tasks, tasks, () => {});
  const blocks = readBlocks(request, training.evaluationBatchSize, io);
  const { dataset } = labelledRows(encoding, labels, blocks, encoder, told);
  return {
    dataset,
    title: file === '-' ? 'the rows of standard input' : file,
    get badRows() {
      return encoder.found;
    },
    get unfamiliar() {
      return encoder.unfamiliar;
    },
  };
}

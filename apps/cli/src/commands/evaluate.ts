import { resolve } from 'node:path';
import type { AnyTask, MultiTaskDataset, Trainer } from '@polytask/core';
import type { FileFormat } from '@polytask/data/node';
import type { Config } from '@polytask/experiment';
import {
  labelsOf,
  openModel,
  readDocument,
  readingOf,
  readSavedModel,
  requireLabels,
  requireTable,
  type SavedModel,
  summarize,
} from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { colorsFor, type Io, print, printJson } from '../io.js';
import { type BlockEncoder, blockEncoder, placeOfBadRow } from '../predict/bad-rows.js';
import { labelledRows } from '../predict/labelled-rows.js';
import type { PartName } from '../predict/part-names.js';
import { partRows } from '../predict/part-rows.js';
import type { PredictOutput } from '../predict/report-predictions.js';
import { readBlocks } from '../predict/row-source.js';
import { fileWriter } from '../predict/row-writer.js';
import { openThresholded, partOf } from '../predict/run-part.js';
import { thresholdsOf } from '../predict/thresholds.js';
import { describeUnfamiliar } from '../predict/unfamiliar.js';
import { counted } from '../report/format.js';
import { noRowProgress, rowProgress } from '../report/row-progress.js';
import { meansOf, scoresTable, type TaskMetrics } from '../report/scores-table.js';
import { fileFor, maxBadRowsOf } from './predict.js';

/** Options of `polytask evaluate`, as the command line gives them. */
export interface EvaluateOptions {
  readonly part?: PartName;
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
  const request = { folder, cwd: io.cwd, plugins: options.plugins, thresholds };
  const first = await readSavedModel(request);
  const { document } = await readDocument(resolve(io.cwd, folder), folder);
  const progress = options.quiet === true ? noRowProgress : rowProgress(io, 'Measuring');
  const own = options.data === undefined ? await partOf(folder, options.part ?? 'test', first.code, io) : undefined;
  if (own === undefined) requireTable(first, folder, 'evaluate --data');
  const { name, threads = first.config.threads } = document.backend;
  // What trained gives the very numbers that the run has; another one rounds otherwise.
  const backend = options.backend ?? (name as Config['backend']);
  const where =
    options.backend === undefined ? `${folder} (trained by ${name}; --backend takes another)` : `--backend ${backend}`;
  const warn = (message: string) => {
    if (options.quiet !== true) print(io.stderr, `Warning: ${message}`);
  };
  const open = (model: SavedModel) => openModel(model, { backend, threads }, where, warn);
  const { trainer, backend: selected, saved } = await openThresholded(request, open, io, options.quiet === true);
  try {
    if (io.signal.aborted) return 'interrupted';
    const rows: MeasuredRows =
      own ?? rowsOfFile(saved, trainer.tasks, folder, options.data ?? '-', options, io, progress.rows);
    const { evaluationBatchSize: batchSize } = saved.config.training;
    const scores = (await trainer.evaluate(rows.dataset, { batchSize })).tasks;
    progress.end();
    const { size } = rows.dataset;
    if (size === 0)
      throw new InputError([{ where: rows.title, message: 'there must be a row to measure, but there is none' }]);
    if (output !== undefined) await writePart(trainer, rows.dataset, output);
    const { measured, without } = labelledTasks(trainer.tasks, scores as TaskMetrics, rows.title);
    const means = meansOf(scores, measured);
    const { badRows } = rows;
    if (options.json === true) {
      const of = options.data === undefined ? { part: options.part ?? 'test' } : { data: options.data };
      const tasks = measured.map(summarize);
      const result = {
        status: 'done',
        folder,
        ...of,
        rows: size,
        ...(badRows && { badRows }),
        scores: Object.fromEntries(tasks.map((task) => [task.name, scores[task.name]])),
        ...(without.length === 0 ? {} : { withoutLabels: without }),
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
    if (without.length > 0 && options.quiet !== true)
      print(io.stderr, `Left out: ${without.join(', ')}, of which no row has a label.`);
    if (options.quiet !== true)
      for (const line of describeUnfamiliar(rows.unfamiliar ?? [], size)) print(io.stderr, line);
    print(io.stdout, `${folder} on ${rows.title}: ${counted(size, 'row')}\n`);
    print(io.stdout, scoresTable(scores as TaskMetrics, means, measured.map(summarize), colorsFor(io.stdout, io.env)));
    return 'done';
  } finally {
    progress.end();
    trainer.dispose();
  }
}

/** Tasks that some row has a label of, and the others. */
function labelledTasks(tasks: readonly AnyTask[], scores: TaskMetrics, title: string) {
  const measured = tasks.filter(({ name }) => scores[name]?.rows !== 0);
  const without = tasks.filter((task) => !measured.includes(task)).map(({ name }) => name);
  if (measured.length > 0) return { measured, without };
  const columns = tasks.map(({ column }) => `\`${column}\``).join(', ');
  throw new InputError([
    { where: title, message: `there must be a row with a label, in one of ${columns}, but there is none` },
  ]);
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
  const encoder = blockEncoder(encoding, maxBadRowsOf(maxBadRows, saved.config), 'there');
  const reading = readingOf(saved, folder);
  const { data, training } = saved.config;
  const request = {
    files: [file],
    format,
    encoding,
    reading,
    labels: 'there' as const,
    data,
    sql: sql !== false,
    onBadLines: encoder.addLines,
  };
  const labels = labelsOf(saved.config.tasks, tasks, () => {});
  requireLabels(encoding, labels, folder);
  const blocks = readBlocks(request, training.evaluationBatchSize, io);
  const weights = weightsOf(data, tasks);
  const { dataset } = labelledRows(encoding, labels, blocks, encoder, told, weights);
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

/** By label, the column of weights that the run file names. */
function weightsOf(data: Config['data'], tasks: readonly AnyTask[]): { readonly [label: string]: string } {
  const { weight } = data as { weight?: string | { readonly [task: string]: string } };
  return Object.fromEntries(
    tasks.flatMap(({ name, column }) => {
      const named = typeof weight === 'string' ? weight : weight?.[name];
      return named === undefined ? [] : [[column, named]];
    }),
  );
}

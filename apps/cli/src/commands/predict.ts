import { resolve } from 'node:path';
import type { AnyTask, Trainer } from '@polytask/core';
import type { RawRow, TableEncoding } from '@polytask/data';
import type { Config } from '@polytask/experiment';
import { openModel, readingOf, readSavedModel, requireTable, whyNotExported } from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { type Io, print } from '../io.js';
import { type BlockEncoder, blockEncoder } from '../predict/bad-rows.js';
import { type Carried, carriedColumns } from '../predict/carried-columns.js';
import { takesImages } from '../predict/image-rows.js';
import { type InspectedColumns, inspectedColumns, nothingInspected } from '../predict/inspected-columns.js';
import type { PredictOptions } from '../predict/predict-options.js';
import {
  type Cell,
  type PredictionColumns,
  predictionColumns,
  refuseDoubled,
  unsaidTasks,
} from '../predict/prediction-columns.js';
import { type Predicted, type PredictOutput, reportPredictions } from '../predict/report-predictions.js';
import { outputFormat, type RowBlock, readBlocks } from '../predict/row-source.js';
import { fileWriter, type RowWriter, streamWriter, type WrittenFormat, writtenFormats } from '../predict/row-writer.js';
import { openThresholded } from '../predict/run-part.js';
import { thresholdsOf } from '../predict/thresholds.js';
import { noRowProgress, rowProgress } from '../report/row-progress.js';
import { predictMade } from './predict-made.js';

/** Rows that are predicted at once. */
const blockSize = 1024;

/**
 * Predicts every task for raw rows and writes a row for each of them, in their order.
 *
 * @param files - None is standard input.
 * @returns Whether all rows were predicted.
 * @throws InputError where model, rows or options are wrong.
 */
export async function predict(
  folder: string,
  files: readonly string[],
  options: PredictOptions,
  io: Io,
): Promise<'done' | 'interrupted'> {
  const output = await outputOf(options, io);
  const thresholds = thresholdsOf(options.threshold);
  const request = { folder, cwd: io.cwd, plugins: options.plugins, thresholds };
  const first = await readSavedModel(request);
  const wanted = { ...first.config, ...(options.backend === undefined ? {} : { backend: options.backend }) };
  const warn = (message: string) => {
    if (options.quiet !== true) print(io.stderr, `Warning: ${message}`);
  };
  const where = options.backend === undefined ? `${folder}: \`backend\`` : `--backend ${options.backend}`;
  const inspecting = options.intermediates === true;
  const open = () =>
    openThresholded(request, (model) => openModel(model, wanted, where, warn, inspecting), io, options.quiet === true);
  if (options.part !== undefined || takesImages(first))
    return predictMade({ folder, files, options, output, first, open }, io);
  const encoding = requireTable(first, folder, 'predict');
  const most = maxBadRowsOf(options.maxBadRows, first.config);
  const exact = [...(options.id === undefined ? [] : [options.id]), ...(options.keep ?? [])];
  const encoder = blockEncoder(encoding, most);
  const { format } = options;
  const { data } = first.config;
  const { addLines: onBadLines } = encoder;
  const reading = readingOf(first, folder);
  const rowRequest = { files, format, encoding, reading, data, sql: options.sql !== false, exact, onBadLines };
  if (files.length === 0 && io.stdin?.isTTY === true && options.quiet !== true) {
    print(io.stderr, 'Reading rows from standard input; Ctrl-D ends them.');
  }
  const { trainer, backend, saved } = await open();
  try {
    const blocks = readBlocks(rowRequest, blockSize, io);
    const inspected = inspecting ? await inspectedColumns(trainer, saved.inputs) : nothingInspected;
    if (inspecting && inspected.names.length === 0)
      warn(
        'nothing is written for --intermediates: there is no shared representation, and no part names anything of rows',
      );
    const unsaid = unsaidTasks(saved.config, encoding);
    const run = { trainer, encoder, blocks, exact, encoding, unsaid, output, progress: options.quiet, inspected };
    const done = await predictAll(run, io);
    if (done === 'interrupted') {
      const left = output.path === undefined ? '' : ', and nothing was written';
      print(io.stderr, `Stopped before all rows were predicted${left}.`);
      return 'interrupted';
    }
    reportPredictions(
      { folder, trainer, backend, output, unsaid, ...done, badRows: encoder.found, unfamiliar: encoder.unfamiliar },
      options,
      io,
    );
    return 'done';
  } finally {
    trainer.dispose();
  }
}

interface Prediction {
  readonly trainer: Trainer<readonly AnyTask[]>;
  readonly encoder: BlockEncoder;
  readonly blocks: AsyncGenerator<RowBlock>;
  readonly exact: readonly string[];
  readonly encoding: TableEncoding;
  readonly unsaid: ReadonlySet<string>;
  readonly output: PredictOutput;
  /** Whether nothing is to be told. */
  readonly progress: boolean | undefined;
  /** What the model computes on the way. */
  readonly inspected: InspectedColumns;
}

async function predictAll(run: Prediction, io: Io): Promise<Predicted | 'interrupted'> {
  const { trainer, encoder, output, inspected } = run;
  const ofTasks = trainer.tasks.map((task) => predictionColumns(task, run.unsaid));
  const names = [...ofTasks.flatMap((columns) => columns.names), ...inspected.names];
  refuseDoubled(names);
  const progress = run.progress === true ? noRowProgress : rowProgress(io, 'Predicting');
  let open: { writer: RowWriter; carried: Carried } | undefined;
  const start = async (first: RawRow | undefined) => {
    const carried = carriedColumns(run.exact, first, run.encoding, names);
    const all = [...carried.names, ...names];
    const { path, format } = output;
    const writer =
      path === undefined
        ? streamWriter(io.stdout, format as 'csv' | 'jsonl', all)
        : await fileWriter(path, format, all);
    return { writer, carried };
  };
  let rows = 0;
  try {
    for await (const block of run.blocks) {
      const { encoded, isBad } = encoder.encode(block);
      const predicted = await trainer.predict(encoded.inputs);
      const inside = await inspected.look(encoded.inputs);
      const insideOf = (index: number) => (isBad(index) ? inspected.names.map((): Cell => null) : inside(index));
      open ??= await start(block.rows[0]);
      const { carried, writer } = open;
      const lines = block.rows.map((row, index) => [
        ...carried.cells(row),
        ...trainer.tasks.flatMap(({ name }, task) => {
          const columns = ofTasks[task] as PredictionColumns;
          return isBad(index) ? columns.names.map((): Cell => null) : columns.cells(predicted[name]?.[index]);
        }),
        ...insideOf(index),
      ]);
      // A signal comes between two blocks.
      if (io.signal.aborted) return 'interrupted';
      rows += lines.length;
      if (!(await writer.write(lines))) break;
      progress.rows(rows);
    }
    open ??= await start(undefined);
    await open.writer.finish();
    return { rows, columns: [...open.carried.names, ...names] };
  } catch (error) {
    if (io.signal.aborted && error === io.signal.reason) return 'interrupted';
    throw error;
  } finally {
    progress.end();
    await run.blocks.return(undefined);
    await open?.writer.abandon();
  }
}

/** Where predictions go, if they can. */
async function outputOf({ output, to, force = false, json }: PredictOptions, { cwd }: Io): Promise<PredictOutput> {
  const refuse = (where: string, message: string) => new InputError([{ where, message }]);
  if (output === undefined) {
    if (to === 'parquet')
      throw refuse('--to parquet', 'Parquet is not text, so it goes to a file; name one by --output');
    if (json === true)
      throw refuse('--json', 'standard output is for the predictions, as JSONL already; name a file by --output');
    return { format: to ?? 'jsonl' };
  }
  return fileFor('--output', output, force, cwd, to);
}

/** A file that may be written, and its format: that of its name, unless `to` says otherwise. */
export async function fileFor(
  option: string,
  output: string,
  force = false,
  cwd = '.',
  to?: WrittenFormat,
): Promise<Required<PredictOutput>> {
  const refuse = (place: string, message: string) => new InputError([{ where: place, message }]);
  const where = `${option} ${output}`;
  const { format = to, near } = outputFormat(output, writtenFormats);
  if (format === undefined) {
    const advice = near === undefined ? '' : `. Did you mean \`.${near}\`?`;
    throw refuse(where, `the name must end in .csv, .jsonl or .parquet, or --to must say the format${advice}`);
  }
  const path = resolve(cwd, output);
  const problem = await whyNotExported(path, [''], force);
  if (problem !== undefined) throw refuse(where, problem);
  return { path, format: to ?? format };
}

/** How many rows may be bad: as in training, unless the command line says otherwise. */
export function maxBadRowsOf(given: string | undefined, { data }: Pick<Config, 'data'>): number {
  if (given === undefined) return (data as { maxBadRows?: number }).maxBadRows ?? 0;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  const message = `found ${JSON.stringify(given)}, expected a whole number from 0`;
  throw new InputError([{ where: `--max-bad-rows ${given}`, message }]);
}

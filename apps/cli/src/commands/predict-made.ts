import type { SavedModel } from '@polytask/experiment';
import { requireTable } from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import type { Io } from '../io.js';
import { imageRows } from '../predict/image-rows.js';
import { inspectedColumns, nothingInspected } from '../predict/inspected-columns.js';
import { partRows } from '../predict/part-rows.js';
import type { PredictOptions } from '../predict/predict-options.js';
import { refuseDoubled, unsaidTasks } from '../predict/prediction-columns.js';
import { type PredictOutput, reportPredictions } from '../predict/report-predictions.js';
import { fileWriter, streamWriter } from '../predict/row-writer.js';
import { type openThresholded, partOf } from '../predict/run-part.js';
import { noRowProgress, rowProgress } from '../report/row-progress.js';

/** Rows whose inputs are made already: those of a part of the run, or images. */
export async function predictMade(
  {
    folder,
    files,
    options,
    output,
    first,
    open,
  }: {
    readonly folder: string;
    readonly files: readonly string[];
    readonly options: PredictOptions;
    readonly output: PredictOutput;
    readonly first: SavedModel;
    readonly open: () => ReturnType<typeof openThresholded>;
  },
  io: Io,
): Promise<'done' | 'interrupted'> {
  const { part } = options;
  refuseForMade(files, options);
  const own = part === undefined ? undefined : await partOf(folder, part, first.code, io);
  const { trainer, backend, saved } = await open();
  const progress = options.quiet === true ? noRowProgress : rowProgress(io, 'Predicting');
  try {
    const unsaid = ofTable(saved) ? unsaidTasks(saved.config, requireTable(saved, folder, 'predict')) : undefined;
    const inspected = options.intermediates === true ? await inspectedColumns(trainer, saved.inputs) : nothingInspected;
    const made =
      own === undefined
        ? await imageRows(trainer, saved, files, inspected, io)
        : partRows(trainer, own.dataset, false, unsaid, inspected);
    refuseDoubled(made.names);
    const { path, format } = output;
    const writer =
      path === undefined
        ? streamWriter(io.stdout, format as 'csv' | 'jsonl', made.names)
        : await fileWriter(path, format, made.names);
    let rows = 0;
    try {
      for await (const block of made.rows()) {
        if (io.signal.aborted) return 'interrupted';
        rows += block.length;
        if (!(await writer.write(block))) break;
        progress.rows(rows);
      }
      await writer.finish();
    } finally {
      progress.end();
      await writer.abandon();
    }
    const nothing = { badRows: { count: 0, first: [] }, unfamiliar: [] };
    const columns = made.names;
    reportPredictions(
      { folder, trainer, backend, output, unsaid: unsaid ?? new Set(), rows, columns, ...nothing },
      options,
      io,
    );
    return 'done';
  } finally {
    trainer.dispose();
  }
}

/** Whether a model learned from a table. */
const ofTable = ({ config }: SavedModel) =>
  ['table', 'task-tables'].includes(String((config.data as { use?: unknown }).use));

/** What is about raw rows alone. */
function refuseForMade(files: readonly string[], options: PredictOptions): void {
  const { part, format, id, keep, maxBadRows, sql } = options;
  const refuse = (where: string, message: string) => new InputError([{ where, message }]);
  if (part !== undefined && files.length > 0)
    throw refuse(`--part ${part}`, `rows come from ${files[0]} already; leave one of the two out`);
  const [only] = [
    ...(format === undefined ? [] : [`--format ${format}`]),
    ...(id === undefined ? [] : [`--id ${id}`]),
    ...(keep === undefined ? [] : [`--keep ${keep[0]}`]),
    ...(maxBadRows === undefined ? [] : [`--max-bad-rows ${maxBadRows}`]),
    ...(sql === false ? ['--no-sql'] : []),
  ];
  if (only === undefined) return;
  const rows = part === undefined ? 'images' : 'rows of the run, each of which begins with its number';
  throw refuse(only, `this is about files of rows, but these are ${rows}; leave it out`);
}

import { resolve } from 'node:path';
import { type AnyTask, calibrate, type MultiTaskDataset, type Trainer } from '@polytask/core';
import {
  begunConfig,
  type CodePlaces,
  compareData,
  type openModel,
  prepareData,
  readDocument,
  readSavedModel,
  type SavedModel,
} from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { type Io, print } from '../io.js';
import { formatValue } from '../report/format.js';
import type { PartName } from './part-names.js';

/** Rows of a run, and what they are for people. */
export interface RunPart {
  readonly dataset: MultiTaskDataset;
  readonly title: string;
}

/**
 * A part of the rows that a run itself divided; they have to be what they were.
 *
 * @param code - From where parts of the model may be loaded.
 * @throws InputError where the data have changed, or the run has no such rows.
 */
export async function partOf(folder: string, part: PartName, code: CodePlaces, io: Io): Promise<RunPart> {
  const { document, ...read } = await readDocument(resolve(io.cwd, folder), folder);
  const loaded = begunConfig({ document, ...read }, code);
  if (loaded.mistakes.mistakes.length > 0) throw new InputError(loaded.mistakes.mistakes);
  const data = await prepareData(loaded, io.signal);
  await compareData(data, document, folder);
  const of = part === 'training' ? 'train' : part;
  const dataset = data[of];
  if (dataset !== undefined && dataset.size > 0)
    return {
      dataset,
      title: { train: 'its training rows', validation: 'its validation rows', test: 'its test rows' }[of],
    };
  const message = `this run set no ${of} rows apart; take another part`;
  throw new InputError([{ where: `--part ${part}`, message }]);
}

/** A model and what computes it. */
type Opened = Awaited<ReturnType<typeof openModel>> & { readonly saved: SavedModel };

/**
 * Reads and opens the model of a run; thresholds that are `auto` are found on its validation rows.
 *
 * @param open - Opens a model on the backend that is wanted.
 */
export async function openThresholded(
  request: Parameters<typeof readSavedModel>[0],
  open: (saved: SavedModel) => ReturnType<typeof openModel>,
  io: Io,
  quiet: boolean,
): Promise<Opened> {
  const saved = await readSavedModel(request);
  const { thresholds = {} } = request;
  const auto = Object.keys(thresholds).filter((task) => thresholds[task] === 'auto');
  const opened = await open(saved);
  if (auto.length === 0) return { ...opened, saved };
  let found: { readonly [task: string]: number };
  try {
    const { dataset } = await partOf(request.folder, 'validation', saved.code, io);
    found = await thresholdsOn(opened.trainer, dataset, auto);
  } finally {
    opened.trainer.dispose();
  }
  const told = Object.entries(found).map(([task, threshold]) => `${task} ${formatValue(threshold)}`);
  if (!quiet) print(io.stderr, `Thresholds with the best F1 on the validation rows: ${told.join(', ')}`);
  const again = await readSavedModel({ ...request, thresholds: { ...thresholds, ...found } });
  return { ...(await open(again)), saved: again };
}

async function thresholdsOn(
  trainer: Trainer<readonly AnyTask[]>,
  validation: MultiTaskDataset,
  tasks: readonly string[],
): Promise<{ readonly [task: string]: number }> {
  const found = await calibrate(trainer, validation, { temperature: false, thresholds: tasks });
  return Object.fromEntries(
    tasks.map((task) => {
      const threshold = found[task]?.threshold;
      if (threshold !== undefined) return [task, threshold];
      const message = 'no validation row of the run has a label of this task, by which a threshold could be found';
      throw new InputError([{ where: `--threshold ${task}=auto`, message }]);
    }),
  );
}

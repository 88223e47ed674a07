import type { MultiTaskDataset } from '../contracts/dataset.js';
import type { AnyTask } from '../contracts/task.js';
import type { HostTensor } from '../contracts/tensors.js';
import { InvalidOptionError } from '../errors/invalid-option-error.js';
import { calibrationError } from '../metrics/calibration-error.js';
import type { Trainer } from '../training/trainer.js';
import { bestThreshold } from './best-threshold.js';
import { collectLogits, type Logits, probabilitiesOf } from './collect-logits.js';
import { fitTemperature } from './fit-temperature.js';

/** What {@link calibrate} does. */
export interface CalibrateOptions {
  /** Whether temperatures are found, for all tasks that have one. Default true. */
  readonly temperature?: boolean;
  /** Tasks whose thresholds are found. Default none. */
  readonly thresholds?: readonly string[];
  /** Rows on which calibration errors are measured. Default: those that temperatures are found on. */
  readonly measure?: MultiTaskDataset;
  /** Rows per pass. Default 1024. */
  readonly batchSize?: number;
}

/** What was found for a task. */
export interface Calibration {
  /** What its logits are to be divided by. */
  readonly temperature?: number;
  /** Expected calibration error without the temperature, in 15 bins, and with it. */
  readonly errorBefore?: number;
  readonly errorAfter?: number;
  /** From which probability on a yes has the best F1. */
  readonly threshold?: number;
}

/**
 * Finds, on rows that nothing was learned from, by what the logits of every task have to be divided for its probabilities to come true as
 * often as they say: the temperature with the least log loss. The model stays as it is; given back to it among its tasks' constants, it
 * predicts and is exported with them. Tasks that say what output they calibrate have temperatures: `classification`, `binary`, `multiLabel`.
 *
 * Thresholds are those with the best F1, over all labels where there are several, and for the probabilities that the temperature gives.
 *
 * @remarks A temperature changes no order of probabilities, and so neither AUC nor the most probable class. It lies between 0.05 and 20.
 * C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger: On calibration of modern neural networks, ICML 2017.
 * @param trainer A trained model.
 * @param validation Rows with labels. A task without one among them is left out.
 * @throws `POLYTASK_INVALID_OPTION` for thresholds of tasks that have none.
 * @example
 * ```ts
 * import { binary, calibrate, createTrainer, mlp, tableDataset } from '@polytask/core';
 * import { hardSharing } from '@polytask/hard-sharing';
 *
 * const x = Float32Array.from({ length: 40 }, (_, i) => i / 40);
 * const rows = tableDataset({
 *   inputs: { x: { data: x, shape: [40, 1] } },
 *   columns: { late: Float32Array.from(x, (value, i) => (i % 5 === 0 ? 1 - Math.round(value) : Math.round(value))) },
 * });
 * const trainer = await createTrainer({ tasks: [binary('late')], sharing: hardSharing({ encoder: mlp([4]) }), seed: 1 });
 * await trainer.fit(rows, { epochs: 1, batchSize: 8 });
 * const { late } = await calibrate(trainer, rows);
 * const model = await trainer.model();
 * await trainer.loadModel({
 *   ...model,
 *   constants: { ...model.constants, late: { ...model.constants.late, temperature: late?.temperature ?? 1 } },
 * });
 * console.log((late?.temperature ?? 0) > 0); // => true
 * trainer.dispose();
 * ```
 */
export async function calibrate<Tasks extends readonly AnyTask[]>(
  trainer: Pick<Trainer<Tasks>, 'tasks' | 'inspect' | 'model'>,
  validation: MultiTaskDataset,
  { temperature = true, thresholds = [], measure, batchSize = 1024 }: CalibrateOptions = {},
): Promise<{ readonly [task: string]: Calibration }> {
  const able = trainer.tasks.filter(({ calibrates }) => calibrates !== undefined);
  const answers = able.filter(({ target }) => target.dtype === 'float32').map(({ name }) => name);
  const wrong = thresholds.find((name) => !answers.includes(name));
  if (wrong !== undefined)
    throw new InvalidOptionError(
      'thresholds',
      `tasks of a yes or a no: ${answers.join(', ') || 'there are none'}`,
      wrong,
    );
  const tasks = temperature ? able : able.filter(({ name }) => thresholds.includes(name));
  if (tasks.length === 0) return {};
  const { constants } = await trainer.model();
  const found = await collectLogits(trainer, tasks, validation, batchSize);
  const others = measure === undefined ? found : await collectLogits(trainer, tasks, measure, batchSize);
  return Object.fromEntries(
    tasks.flatMap(({ name }) => {
      const logits = found[name] as Logits;
      if (!logits.weights.some((weight) => weight > 0)) return [];
      const before = constants[name]?.temperature;
      const now = temperature ? fitTemperature(logits) : typeof before === 'number' ? before : 1;
      const errors = (divisor: number) => errorOf(others[name] as Logits, divisor);
      const calibration: Calibration = {
        ...(temperature ? { temperature: now, errorBefore: errors(1), errorAfter: errors(now) } : {}),
        ...(thresholds.includes(name) ? { threshold: bestThreshold(probabilitiesOf(logits, now), logits) } : {}),
      };
      return [[name, calibration]];
    }),
  );
}

function errorOf(logits: Logits, temperature: number): number {
  const running = calibrationError().start();
  const { rows, width, isSoftmax, targets, weights } = logits;
  const shape = isSoftmax || width > 1 ? [rows, width] : [rows];
  const predictions: HostTensor = { data: Float32Array.from(probabilitiesOf(logits, temperature)), shape };
  const labels = isSoftmax
    ? { data: Int32Array.from({ length: rows }, (_, row) => mostLikely(targets, row, width)), shape: [rows] }
    : { data: Float32Array.from(targets), shape };
  running.update({ predictions, targets: labels, weights: Float32Array.from(weights) });
  return running.result() as number;
}

function mostLikely(targets: ArrayLike<number>, row: number, width: number): number {
  let best = 0;
  for (let c = 1; c < width; c++)
    if ((targets[row * width + c] as number) > (targets[row * width + best] as number)) best = c;
  return best;
}

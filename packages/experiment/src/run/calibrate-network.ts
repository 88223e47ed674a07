import { type AnyTask, type Calibration, calibrate, createTrainer, type Executor, type Trainer } from '@polytask/core';
import type { RunData } from '../parts/load-data.js';
import type { Network } from '../parts/network.js';

/** What is found after training. */
export interface CalibrationPlan {
  readonly temperature: boolean;
  /** Tasks whose thresholds are found. */
  readonly thresholds: readonly string[];
  /** The tasks with their thresholds. */
  readonly tasksWith: (thresholds: { readonly [task: string]: number }) => Promise<readonly AnyTask[]>;
}

/** A trained network, ready to be measured and kept. */
export interface CalibratedNetwork {
  /** The trainer that was given where there is nothing to find; else another one, to be disposed of. */
  readonly trainer: Trainer<never>;
  readonly found: { readonly [task: string]: Calibration };
  readonly thresholds: { readonly [task: string]: number };
}

/** Finds temperatures and thresholds on validation rows; calibration errors are measured on test rows, where there are some. */
export async function calibrateNetwork(
  trainer: Trainer<never>,
  { temperature, thresholds: wanted, tasksWith }: CalibrationPlan,
  { network, data, executor, seed }: { network: Network; data: RunData; executor: Executor; seed: number },
  batchSize: number,
): Promise<CalibratedNetwork> {
  const tasks = network.tasks.map(({ name }) => name);
  const own = wanted.filter((name) => tasks.includes(name));
  if (data.validation === undefined || (!temperature && own.length === 0))
    return { trainer, found: {}, thresholds: {} };
  const found = await calibrate(trainer as unknown as Trainer<readonly AnyTask[]>, data.validation, {
    ...{ temperature, thresholds: own, batchSize },
    ...(data.test.size === 0 ? {} : { measure: data.test }),
  });
  const thresholds = Object.fromEntries(
    Object.entries(found).flatMap(([name, one]) => (one.threshold === undefined ? [] : [[name, one.threshold]])),
  );
  const made = (await tasksWith(thresholds)).filter(({ name }) => tasks.includes(name));
  const model = await trainer.model();
  const constants = Object.fromEntries(
    tasks.map((name) => {
      const divisor = found[name]?.temperature;
      return [name, { ...model.constants[name], ...(divisor === undefined ? {} : { temperature: divisor }) }];
    }),
  );
  const calibrated = await createTrainer({ ...network, tasks: made, executor, seed });
  try {
    await calibrated.loadModel({ ...model, constants });
  } catch (error) {
    calibrated.dispose();
    throw error;
  }
  return { trainer: calibrated as unknown as Trainer<never>, found, thresholds };
}

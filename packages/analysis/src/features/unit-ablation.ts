import {
  type AnyTask,
  type HostTensor,
  InvalidOptionError,
  type MultiTaskDataset,
  type ParameterLayout,
  type Trainer,
  UnknownNameError,
} from '@polytask/core';
import { taskMatrix } from '../numbers/matrices.js';
import { correlation } from '../numbers/statistics.js';

/** How {@link unitAblation} measures. */
export interface UnitAblationOptions {
  /** Path of the layer whose units are taken out. Default: the last one that more than one task uses. */
  readonly layer?: string;
}

/** What {@link unitAblation} finds. */
export interface UnitAblation {
  readonly layer: string;
  /** Row: a task; column: by how much its loss rises, relative to what it is, without this unit. */
  readonly importance: readonly (readonly number[])[];
  /** How alike the importances of two tasks are: their correlation `[K][K]`; NaN where a task needs no unit. */
  readonly overlap: readonly (readonly number[])[];
}

/**
 * Which units of a trunk which task needs: by how much the task's loss rises when a unit is taken out.
 *
 * $$ I_{tu} = \frac{L_t(\theta \text{ with all weights that lead to unit } u \text{ at } 0) - L_t(\theta)}{L_t(\theta)} $$
 *
 * Shapes: a trained model of K tasks and a data set → `[K][units]`, and the correlations between its rows `[K][K]`.
 *
 * @remarks A unit without weights, offset and normalisation gives what its activation gives for 0, which is 0 for most. Every unit costs
 * a pass over the data set. The model is put back at the end, whatever happens.
 * @throws `POLYTASK_UNKNOWN_NAME` for a layer that there is not; `POLYTASK_INVALID_OPTION` where no layer is shared.
 * @example
 * ```ts
 * import { unitAblation } from '@polytask/analysis';
 * import { createTrainer, mlp, regression, tableDataset } from '@polytask/core';
 * import { hardSharing } from '@polytask/hard-sharing';
 *
 * const data = tableDataset({
 *   inputs: { x: { data: [0, 1, 2, 3], shape: [4, 1] } },
 *   columns: { up: [0, 1, 2, 3], down: [3, 2, 1, 0] },
 * });
 * const tasks = [regression('up'), regression('down')];
 * const trainer = await createTrainer({ tasks, sharing: hardSharing({ encoder: mlp([8]) }) });
 * await trainer.fit(data, { epochs: 1, batchSize: 4 });
 * const { layer, importance } = await unitAblation(trainer, data);
 * console.log(layer, importance.length, importance[0]?.length); // => trunk/dense0 2 8
 * trainer.dispose();
 * ```
 */
export async function unitAblation<Tasks extends readonly AnyTask[]>(
  trainer: Pick<Trainer<Tasks>, 'tasks' | 'evaluate' | 'model' | 'loadModel' | 'parameters'>,
  dataset: MultiTaskDataset,
  options: UnitAblationOptions = {},
): Promise<UnitAblation> {
  const model = await trainer.model();
  const { layer, units } = layerOf(trainer.parameters?.layout as ParameterLayout, options.layer);
  const losses = async () => {
    const { tasks } = await trainer.evaluate(dataset);
    return trainer.tasks.map(({ name }) => (tasks as Record<string, { loss: number }>)[name]?.loss as number);
  };
  const before = await losses();
  const importance = trainer.tasks.map(() => new Array<number>(units).fill(0));
  try {
    for (let unit = 0; unit < units; unit++) {
      const variables = Object.fromEntries(
        Object.entries(model.variables).map(([path, tensor]) => [
          path,
          path.startsWith(`${layer}/`) ? without(tensor, unit, units) : tensor,
        ]),
      );
      await trainer.loadModel({ ...model, variables });
      (await losses()).forEach((loss, task) => {
        (importance[task] as number[])[unit] = (loss - (before[task] as number)) / (before[task] as number);
      });
    }
  } finally {
    await trainer.loadModel(model);
  }
  const overlap = taskMatrix(importance.length, (i, j) =>
    correlation(importance[i] as number[], importance[j] as number[]),
  );
  return { layer, importance, overlap };
}

/** A shared layer and its width. */
function layerOf({ segments, sharedSize }: ParameterLayout, wanted: string | undefined) {
  const shared = segments.filter(({ offset, size, shape }) => offset + size <= sharedSize && shape.length >= 2);
  if (shared.length === 0) throw new InvalidOptionError('layer', 'the path of a shared layer with weights', wanted);
  const names = [...new Set(shared.map((segment) => segment.layer))];
  if (wanted !== undefined && !names.includes(wanted)) throw new UnknownNameError('shared layer', wanted, names);
  const layer = wanted ?? (names.at(-1) as string);
  const units = shared.find((segment) => segment.layer === layer)?.shape.at(-1) as number;
  return { layer, units };
}

/** A variable of a layer without its part of a unit. */
function without({ data, shape }: HostTensor, unit: number, units: number): HostTensor {
  if (shape.at(-1) !== units) return { data, shape };
  return { data: data.map((value, n) => (n % units === unit ? 0 : value)), shape };
}

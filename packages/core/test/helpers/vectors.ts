import {
  type AnyTask,
  createTrainer,
  defineMetric,
  defineSharing,
  defineStepPlan,
  defineTask,
  type Initializer,
  type MultiTaskDataset,
  type SharingStrategy,
  type StepPrimitives,
  sgd,
  type TableDataset,
  type Trainer,
  type TrainerOptions,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** A vector of parameters and the tasks whose output it is part of. */
export interface VectorOptions {
  readonly size: number;
  readonly usedBy: readonly string[];
  readonly group?: string;
}

const spread: Initializer = (shape, uniform) =>
  Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => 2 * uniform() - 1);

/**
 * A model without layers: a task's output is the vectors that it uses, side by side, the same in every row (times the input).
 * Under {@link linearTask} the gradient of a vector is then exactly what the targets say, so tests choose their gradients.
 */
export function vectorSharing(vectors: { readonly [name: string]: VectorOptions }): SharingStrategy {
  return defineSharing({
    name: 'vectors',
    options: { vectors },
    bind({ tasks, scope }) {
      const made = Object.entries(vectors).map(([name, { size, usedBy, group }]) => ({
        usedBy,
        variable: scope
          .child(name, { usedBy })
          .variable('vector', [size], spread, group === undefined ? {} : { group }),
      }));
      const outputOf = (task: AnyTask, x: tf.Tensor) => {
        const own = made
          .filter(({ usedBy }) => usedBy.includes(task.name))
          .map(({ variable }) => variable as tf.Tensor1D);
        return tf.mul(x, tf.expandDims(tf.concat(own), 0));
      };
      return {
        forward(inputs) {
          const x = inputs.x as tf.Tensor;
          const outputs = Object.fromEntries(tasks.map((task) => [task.name, { value: outputOf(task, x) }]));
          return { outputs, features: Object.fromEntries(tasks.map(({ name }) => [name, x])), intermediates: {} };
        },
      };
    },
  });
}

/** Loss of a row: output · target. */
export function linearTask<const Name extends string>(name: Name, size: number) {
  return defineTask({
    name,
    type: 'linear',
    target: { shape: [size], dtype: 'float32' },
    outputs: { value: [size] },
    loss: (outputs, target) => tf.sum(tf.mul(outputs.value as tf.Tensor, target), 1) as tf.Tensor1D,
    predict: (outputs) => tf.sum(outputs.value as tf.Tensor, 1),
    decode: ({ data }) => Array.from(data),
    metrics: [countRows],
    primaryMetric: 'rowCount',
  });
}

const countRows = defineMetric({
  name: 'rowCount',
  better: 'higher',
  start() {
    let rows = 0;
    return {
      update: ({ weights }) => {
        rows += weights.filter((weight) => weight > 0).length;
      },
      result: () => rows,
    };
  },
});

/** One row per entry; null: no label; no column at all for a task without any. The input `x` is 1 in every row. */
export function rowsDataset(targets: { readonly [task: string]: readonly (readonly number[] | null)[] }): TableDataset {
  const lists = Object.values(targets);
  const rows = lists[0]?.length ?? 0;
  const column = (list: readonly (readonly number[] | null)[]) => {
    const width = list.find((row) => row !== null)?.length ?? 1;
    return {
      data: Float32Array.from(list.flatMap((row) => row ?? new Array<number>(width).fill(Number.NaN))),
      shape: [rows, width],
    };
  };
  return tableDataset({
    inputs: { x: { data: new Float32Array(rows).fill(1), shape: [rows, 1] } },
    columns: Object.fromEntries(
      Object.entries(targets)
        .filter(([, list]) => list.some((row) => row !== null))
        .map(([task, list]) => [task, column(list)]),
    ),
  });
}

/** Numbers in [-1, 1) of a seed. */
export function noise(length: number, seed: number | string): number[] {
  return Array.from(uniformFloats(length, 'noise', seed), (value) => 2 * value - 1);
}

/** Values of all variables by path. */
export async function readAll(trainer: Trainer<readonly AnyTask[]>): Promise<Record<string, Float32Array>> {
  const reader = trainer.parameters;
  if (reader === undefined) throw new Error('The model is not built.');
  const all: Record<string, Float32Array> = {};
  for (const { path } of [...reader.layout.segments, ...reader.layout.stateSegments]) {
    all[path] = (await reader.read(path)).data as Float32Array;
  }
  return all;
}

/** The bits of numbers, so that −0 differs from 0 and NaN equals itself. */
export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
}

/** The bits of all variables by path. */
export async function readBits(trainer: Trainer<readonly AnyTask[]>): Promise<Record<string, Uint32Array>> {
  return Object.fromEntries(Object.entries(await readAll(trainer)).map(([path, values]) => [path, bits(values)]));
}

/** What `work` finds when it is let loose on the primitives of one step after another. */
export async function withPrimitives(
  options: Omit<TrainerOptions<readonly AnyTask[]>, 'balancing'>,
  data: {
    readonly train: MultiTaskDataset;
    readonly batchSize: number;
    readonly validation?: MultiTaskDataset;
    readonly steps?: number;
  },
  work: (primitives: StepPrimitives, step: number) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const plan = defineStepPlan({
    name: 'test-plan',
    bind: () => ({
      async step(primitives) {
        const { step } = primitives.info;
        if (step + 1 === (data.steps ?? 1)) abort.abort();
        await work(primitives, step);
        const k = primitives.objectives.length;
        return { losses: new Float64Array(k), weights: new Float64Array(k).fill(1) };
      },
    }),
  });
  const trainer = await createTrainer({ optimizer: sgd({ learningRate: 0.1 }), ...options, balancing: plan });
  try {
    const { train, batchSize, validation } = data;
    await trainer.fit(train, {
      epochs: 1000,
      batchSize,
      shuffle: false,
      signal: abort.signal,
      ...(validation === undefined ? {} : { validation }),
    });
  } finally {
    trainer.dispose();
  }
}

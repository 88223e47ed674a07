import {
  createTrainer,
  type DeviceTensor,
  defineStepPlan,
  type FrozenModel,
  type HostTensor,
  type MultiTaskDataset,
  type Program,
  requireOption,
  type StepPlan,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import type { InputGramians } from './reg-mean.js';
import type { Weights } from './weights.js';

/** How many rows are looked at. */
export interface StatisticsOptions {
  /** At most; drawn from the data. Default 256 for the Fisher information, 1024 for the Gramians. */
  readonly rows?: number | undefined;
}

const squares: Program = {
  name: 'squares',
  run: ({ gradient }) => ({ sum: tf.square(gradient as tf.Tensor) }),
};

const addSquares: Program = {
  name: 'add-squares',
  run: ({ sum, gradient }) => ({ sum: tf.add(sum as tf.Tensor, tf.square(gradient as tf.Tensor)) }),
};

/**
 * The diagonal of the Fisher information of a model, from rows with labels:
 *
 * $$ F_i = \frac{1}{N} \sum_n \Big( \frac{\partial}{\partial \theta_i} \sum_k \ell_k(n) \Big)^2 $$
 *
 * the mean over rows of the squared slope of their losses, which are negative logarithms of likelihoods.
 *
 * @remarks It is the empirical information, by the labels and not by labels drawn from the model. Under BatchNorm, whose averages are over several
 * rows, these are taken by sixteen, and their common slope is squared.
 * @param model A trained model with its tasks and strategy.
 * @param data Rows with labels of all its tasks.
 * @returns By path as the model has its variables; 0 for those that are not trained.
 * @throws `POLYTASK_CHECKPOINT` where the model is another one's; `POLYTASK_INVALID_OPTION`.
 */
export async function fisherInformation(
  { tasks, sharing, model, executor }: FrozenModel,
  data: MultiTaskDataset,
  { rows = 256 }: StatisticsOptions = {},
): Promise<Weights> {
  requireOption(Number.isInteger(rows) && rows > 0, 'rows', 'a positive whole number', rows);
  const stop = new AbortController();
  let sum: HostTensor | undefined;
  let steps = 0;
  const look: StepPlan = defineStepPlan({
    name: 'fisher-information',
    bind: () => ({
      async step({ gradient, run, stored, store, read }) {
        const found = await gradient();
        const before = stored('sum');
        const feeds = { gradient: found.gradient };
        if (before === undefined) store('sum', (await run(squares, { feeds, outputs: { sum: 'hold' } })).device.sum);
        else await run(addSquares, { feeds: { ...feeds, sum: before }, outputs: { sum: before } });
        steps += 1;
        if (steps * batchSize >= Math.min(rows, data.size)) stop.abort();
        sum = await read(stored('sum') as DeviceTensor);
        return { losses: found.losses, weights: found.weights };
      },
    }),
  });
  const trainer = await createTrainer({ tasks, sharing, executor, balancing: look });
  let batchSize = 1;
  try {
    await trainer.loadModel(model);
    const { layout } = trainer.parameters as NonNullable<typeof trainer.parameters>;
    // Averages of BatchNorm are vectors, also where a row has several positions; rotations are matrices.
    if (layout.stateSegments.some(({ shape }) => shape.length === 1)) batchSize = 16;
    await trainer.fit(data, { epochs: 1, batchSize, signal: stop.signal });
    const numbers = (sum as unknown as HostTensor).data;
    const trained = layout.segments.map(({ path, shape, offset, size }) => {
      const own = numbers.subarray(offset, offset + size) as Float32Array;
      return [path, { data: own.map((value) => value / steps), shape }] as const;
    });
    const others = layout.stateSegments.map(
      ({ path, shape, size }) => [path, { data: new Float32Array(size), shape }] as const,
    );
    return Object.fromEntries([...trained, ...others]);
  } finally {
    trainer.dispose();
  }
}

/**
 * XᵀX of all linear layers of a model, X being what comes in from rows of the data: what {@link regMean} goes by.
 *
 * @remarks A layer is one where a matrix of the model is what a product has on its right; convolutions are none. A layer that is run several
 * times counts with all its rows.
 * @param model A trained model with its tasks and strategy; it is run on tfjs' backend, whatever its executor.
 * @throws `POLYTASK_CHECKPOINT` where the model is another one's; `POLYTASK_INVALID_OPTION`.
 */
export async function inputGramians(
  { tasks, sharing, model }: FrozenModel,
  data: MultiTaskDataset,
  { rows = 1024 }: StatisticsOptions = {},
): Promise<InputGramians> {
  requireOption(Number.isInteger(rows) && rows > 0, 'rows', 'a positive whole number', rows);
  const trainer = await createTrainer({ tasks, sharing });
  const found = new Map<string, Float64Array>();
  try {
    await trainer.loadModel(model);
    const { layout } = trainer.parameters as NonNullable<typeof trainer.parameters>;
    const kernels = new Map(layout.segments.map(({ path, variable }) => [variable as tf.Tensor, path]));
    const names = tasks.map(({ name }) => `prediction/${name}` as const);
    const cursor = data.open({ batchSize: Math.min(rows, 256), shuffleSeed: 'input-gramians' });
    cursor.seek(0, 0);
    for (let seen = 0; seen < rows; ) {
      const raw = await cursor.next();
      if (raw === null) break;
      seen += raw.size;
      const restore = watchProducts((kernel, x) => {
        const path = kernels.get(kernel);
        if (path === undefined || x.rank !== 2) return;
        const gramian = tf.tidy(() => tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, true).dataSync());
        const sum = found.get(path) ?? new Float64Array(gramian.length);
        gramian.forEach((value, i) => {
          sum[i] = (sum[i] as number) + value;
        });
        found.set(path, sum);
      });
      try {
        await trainer.forward(raw.inputs, names);
      } finally {
        restore();
      }
    }
  } finally {
    trainer.dispose();
  }
  return Object.fromEntries(found);
}

interface Kernels {
  runKernel(name: string, inputs: { readonly [input: string]: tf.Tensor }, attributes?: object): unknown;
}

/** Shows the factors of every matrix product until it is told to stop: tfjs has no other place to see what comes into a layer. */
function watchProducts(look: (right: tf.Tensor, left: tf.Tensor) => void): () => void {
  const engine = tf.engine() as unknown as Kernels;
  const run = engine.runKernel.bind(engine);
  let looking = false;
  engine.runKernel = (name, inputs, attributes) => {
    if (name === 'BatchMatMul' && !looking && inputs.a !== undefined && inputs.b !== undefined) {
      looking = true;
      try {
        look(inputs.b, inputs.a);
      } finally {
        looking = false;
      }
    }
    return run(name, inputs, attributes);
  };
  return () => {
    Reflect.deleteProperty(engine, 'runKernel');
  };
}

/**
 * Compiles a training step that is ordinary tfjs code, written by hand: two tasks on one hidden layer, a gradient for each task,
 * how far the two agree, and momentum as plain assignments. Nothing of Polytask is in the step itself.
 *
 * The same step then trains twice from the same start, as it is and compiled, taking turns, and both must learn the same.
 *
 *     npx tsx --conditions=polytask:source compile-a-step.ts
 */
import { compile, float32 } from '@polytask/compiler';
import * as tf from '@tensorflow/tfjs';

const [batch, inputs, hidden] = [128, 64, 96];
const [steps, turn] = [120, 10];
await tf.setBackend('cpu');

/** Variables, and the step that moves them. A learning rate may change from step to step, since it is an input. */
function handWritten() {
  const normal = (shape: number[], deviation: number, seed: number) =>
    tf.variable(tf.randomNormal(shape, 0, deviation, 'float32', seed));
  const shared = [normal([inputs, hidden], 0.12, 1), tf.variable(tf.zeros([hidden]))] as const;
  const heads = [normal([hidden, 1], 0.1, 2), normal([hidden, 1], 0.1, 3)] as const;
  const all = [...shared, ...heads];
  const velocities = all.map((variable) => tf.variable(tf.zerosLike(variable), false));

  const step = ({ x, sum, length, rate }: { [name: string]: tf.Tensor }) => {
    const features = () => tf.relu(tf.add(tf.matMul(x as tf.Tensor2D, shared[0] as tf.Tensor2D), shared[1]));
    const losses = [sum, length].map((target, k) => {
      const error = () => tf.sub(tf.matMul(features() as tf.Tensor2D, heads[k] as tf.Tensor2D), target as tf.Tensor);
      return tf.variableGrads(() => tf.mean(tf.square(error())) as tf.Scalar, [...shared, heads[k] as tf.Variable]);
    });
    const [first, second] = losses.map(({ grads }) =>
      shared.map(({ name }) => tf.reshape(grads[name] as tf.Tensor, [-1])),
    );
    const [a, b] = [tf.concat(first as tf.Tensor1D[]), tf.concat(second as tf.Tensor1D[])];
    all.forEach((variable, i) => {
      const gradient = tf.addN(losses.flatMap(({ grads }) => grads[variable.name] ?? []));
      const velocity = velocities[i] as tf.Variable;
      velocity.assign(tf.add(tf.mul(velocity, 0.9), gradient));
      variable.assign(tf.sub(variable, tf.mul(velocity, rate as tf.Tensor)));
    });
    const cosine = tf.div(tf.dot(a, b), tf.mul(tf.norm(a), tf.norm(b)));
    return { sum: losses[0]?.value as tf.Scalar, length: losses[1]?.value as tf.Scalar, cosine };
  };
  return step;
}

/** Rows to learn from: the mean of the inputs, and their mean square. */
const x = tf.randomUniform([batch, inputs], -1, 1, 'float32', 4);
const feeds = {
  x: x.dataSync() as Float32Array,
  sum: tf.mean(x, 1).dataSync() as Float32Array,
  length: tf.mean(tf.square(x), 1).dataSync() as Float32Array,
};
const rateAt = (step: number) => 0.05 / (1 + step / 60);

// As it is: tensors in, tensors out, on tfjs' own backend.
const plain = handWritten();
const tensors = { x, sum: tf.tensor(feeds.sum, [batch, 1]), length: tf.tensor(feeds.length, [batch, 1]) };
const runEagerly = (step: number) =>
  tf.tidy(() => {
    const found = plain({ ...tensors, rate: tf.scalar(rateAt(step)) });
    return [found.sum, found.length, found.cosine].map((tensor) => tensor.dataSync()[0] as number);
  });

// Compiled: the same function once more, its shapes, and arrays in and out.
const compiled = await compile(
  handWritten(),
  { x: float32(batch, inputs), sum: float32(batch, 1), length: float32(batch, 1), rate: float32() },
  { name: 'step' },
);
const runCompiled = async (step: number) => {
  const found = await compiled.run({ ...feeds, rate: rateAt(step) });
  return [found.sum, found.length, found.cosine].map((result) => result?.data[0] as number);
};

const contenders = [
  { name: 'eager', run: async (step: number) => runEagerly(step), times: [] as number[], last: [] as number[] },
  { name: 'compiled', run: runCompiled, times: [] as number[], last: [] as number[] },
];
for (let start = 0; start < steps; start += turn) {
  for (const contender of contenders) {
    for (let step = start; step < start + turn; step++) {
      const began = performance.now();
      contender.last = await contender.run(step);
      contender.times.push(performance.now() - began);
    }
  }
}
await compiled.dispose();

const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;
for (const { name, last, times } of contenders) {
  const [sum, length, cosine] = last.map((value) => value.toFixed(6));
  console.log(
    `${name}: losses ${sum} and ${length}, cosine of gradients ${cosine}, ${median(times).toFixed(2)} ms a step`,
  );
}
const [eager, replayed] = contenders.map(({ times }) => median(times)) as [number, number];
console.log(`The compiled step is ${(eager / replayed).toFixed(1)} times as fast as tfjs' cpu backend.`);

/**
 * Gradient balancing in a training loop of one's own: plain tfjs variables, losses and optimizer, no trainer.
 *
 *     npx tsx --conditions=polytask:source own-loop.ts
 */
import { balanceGradients } from '@polytask/core';
import { upGrad } from '@polytask/task-weighting';
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const x = tf.randomUniform([128, 3], -1, 1, 'float32', 1);
const [first, second] = tf.split(x, 3, 1) as [tf.Tensor, tf.Tensor];
const targets = [tf.sum(x, 1, true), tf.mul(3, tf.sub(first, second))];
const shared = tf.variable(tf.randomNormal([3, 16], 0, 0.7, 'float32', 2));
const heads = targets.map((_, k) => tf.variable(tf.randomNormal([16, 1], 0, 0.3, 'float32', 3 + k)));
const lossOf = (k: number) => {
  const output = tf.matMul(tf.tanh(tf.matMul(x, shared as tf.Tensor2D)), heads[k] as tf.Tensor2D);
  return tf.losses.meanSquaredError(targets[k] as tf.Tensor, output) as tf.Scalar;
};

const optimizer = tf.train.adam(0.02);
const balance = balanceGradients(upGrad(), ['sum', 'difference']);
for (let step = 0; step <= 300; step++) {
  const found = targets.map((_, k) => tf.variableGrads(() => lossOf(k), [shared, heads[k] as tf.Variable]));
  const jacobian = tf.stack(found.map(({ grads }) => tf.reshape(grads[shared.name] as tf.Tensor, [-1])));
  const losses = found.map(({ value }) => value.dataSync()[0] as number);
  const { direction, weights } = await balance.direction(jacobian as tf.Tensor2D, losses);
  const gradients = {
    ...Object.assign({}, ...found.map(({ grads }) => grads)),
    [shared.name]: tf.reshape(direction, [3, 16]),
  };
  optimizer.applyGradients(gradients);
  balance.stepEnd();
  if (step % 100 === 0)
    console.log(
      step,
      losses.map((loss) => loss.toFixed(4)),
      Array.from(weights ?? [], (w) => w.toFixed(2)),
    );
  tf.dispose([found.map(({ value, grads }) => [value, grads]), jacobian, direction, gradients] as never);
}
balance.dispose();

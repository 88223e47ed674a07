import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import type { AnyTask } from '../../src/contracts/task.js';
import type { NamedTensors } from '../../src/contracts/tensors.js';
import { binary } from '../../src/tasks/binary.js';
import { classification } from '../../src/tasks/classification.js';
import { denseClassification } from '../../src/tasks/dense-classification.js';
import { fusedGradient } from '../../src/tasks/fused-gradient.js';
import { multiLabel } from '../../src/tasks/multi-label.js';
import { regression } from '../../src/tasks/regression.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('uses the gradient it is given', () => {
  const tripled = { value: (x: tf.Tensor) => tf.square(x), gradient: (dy: tf.Tensor) => tf.mul(dy, 3) };
  expect(
    tf
      .grad((x) => fusedGradient(tripled, x))(tf.tensor1d([5]))
      .dataSync()[0],
  ).toBe(3);
});

it('gives K gradients within one tape: the same numbers as K separate tapes, and no leak', () => {
  // One trunk, a head per kind of task, as in a training step.
  const tasks: readonly AnyTask[] = [
    classification('class', { classes: 3 }),
    binary('binary'),
    multiLabel('labels', { labels: 2 }),
    regression('number', { loss: 'huber' }),
    regression('vector', { size: 2 }),
    denseClassification('dense', { classes: 2, positions: [2] }),
  ];
  const outputs = [[3], [1], [2], [1], [2], [2, 2]];
  const targets = [
    tf.tensor1d([0, 2, 1, 1], 'int32'),
    tf.tensor1d([0, 1, 1, 0], 'int32'),
    tf.tensor2d([0, 1, Number.NaN, 1, 1, 1, 0, 0], [4, 2]),
    tf.tensor1d([0, 1, 4, -9]),
    tf.tensor2d([1, 2, 3, Number.NaN, 5, 6, 7, 8], [4, 2]),
    tf.tensor2d([0, 1, -1, 1, -1, -1, 1, 1], [4, 2], 'int32'),
  ];
  const constants = [{}, {}, {}, { mean: 1, standardDeviation: 2 }, { mean: [1, 2], standardDeviation: [3, 4] }, {}];
  const input = tf.randomNormal([4, 5], 0, 1, 'float32', 1);
  const trunk = tf.variable(tf.randomNormal([5, 6], 0, 1, 'float32', 2));
  const heads = outputs.map((shape, k) =>
    tf.variable(tf.randomNormal([6, shape.reduce((a, b) => a * b)], 0, 1, 'float32', 3 + k)),
  );
  const variables = [trunk, ...heads];
  const features = () => tf.tanh(tf.matMul(input, trunk as tf.Tensor2D));
  const lossOf = (k: number, shared: tf.Tensor): tf.Tensor => {
    const task = tasks[k] as AnyTask;
    const raw = tf.matMul(shared as tf.Tensor2D, heads[k] as unknown as tf.Tensor2D);
    const named: NamedTensors = {
      [Object.keys(task.outputs)[0] as string]: tf.reshape(raw, [4, ...(outputs[k] as number[])]),
    };
    return tf.mean(task.loss(named, targets[k] as tf.Tensor, constants[k] as never));
  };

  const before = tf.memory().numTensors;
  const separate = tasks.map((_, k) => {
    const { value, grads } = tf.variableGrads(
      () => lossOf(k, features()) as tf.Scalar,
      [trunk, heads[k] as tf.Variable],
    );
    value.dispose();
    return Object.values(grads).map((grad) => {
      const numbers = Array.from(grad.dataSync());
      grad.dispose();
      return numbers;
    });
  });
  expect(tf.memory().numTensors).toBe(before);

  const together: number[][][] = [];
  const outer = tf.variableGrads(() => {
    const shared = features();
    const losses = tasks.map((_, k) => lossOf(k, shared));
    losses.forEach((loss, k) => {
      const { grads } = tf.engine().gradients(() => loss.clone(), [trunk, heads[k] as tf.Variable], undefined, true);
      together.push(grads.map((grad) => Array.from(grad.dataSync())));
    });
    return tf.sum(tf.mul(trunk as tf.Tensor, 0)) as tf.Scalar;
  }, variables.slice(0, 1) as tf.Variable[]);
  tf.dispose(outer);
  expect(tf.memory().numTensors).toBe(before);

  expect(together.length).toBe(tasks.length);
  together.forEach((grads, k) => {
    const flat = grads.flat();
    const expected = (separate[k] as number[][]).flat();
    flat.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 6);
    });
    expect(flat.some((value) => value !== 0)).toBe(true);
  });
});

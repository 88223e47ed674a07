import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect, it } from 'vitest';
import type { AnyTask, TaskConstants } from '../../src/contracts/task.js';
import { binary } from '../../src/tasks/binary.js';
import { classification } from '../../src/tasks/classification.js';
import { denseClassification } from '../../src/tasks/dense-classification.js';
import { multiLabel } from '../../src/tasks/multi-label.js';
import { regression } from '../../src/tasks/regression.js';
import { distance } from './check-loss.js';

const unknown = Number.NaN;
const standard = { mean: 1, standardDeviation: 2 };
const standards = { mean: [1, 2], standardDeviation: [3, 4] };
const ids = () => tf.tensor1d([0, 2, 1, 0], 'int32');
const answers = () => tf.tensor1d([0, 1, 1, 0], 'int32');
const numbers = () => tf.tensor1d([0, 5, -3, 1]);
const labels = () => tf.tensor2d([0, 1, unknown, 1, 0, unknown, unknown, unknown], [4, 2]);
const vectors = () => tf.tensor2d([0, 1, unknown, 1, 7, unknown, -4, 3], [4, 2]);
const soft = () => tf.tensor([0.5, 0.5, 0, ...new Array<number>(18).fill(unknown), 0, 0, 1], [4, 2, 3]);
const positions = () => tf.tensor2d([0, 1, -1, 2, -1, -1, 2, 2], [4, 2], 'int32');

const cases: readonly (readonly [string, AnyTask, readonly number[], () => tf.Tensor, TaskConstants])[] = [
  ['classification', classification('t', { classes: 3 }), [4, 3], ids, {}],
  ['smoothed classification', classification('t', { classes: 3, labelSmoothing: 0.2 }), [4, 3], ids, {}],
  ['distributions', classification('t', { classes: 3 }), [4, 3], () => tf.softmax(tf.ones([4, 3])), {}],
  ['binary', binary('t'), [4, 1], answers, {}],
  ['multi-label', multiLabel('t', { labels: 2 }), [4, 2], labels, {}],
  ['squared error', regression('t'), [4, 1], numbers, standard],
  ['absolute error', regression('t', { loss: 'mae' }), [4, 1], numbers, standard],
  ['Huber', regression('t', { loss: 'huber' }), [4, 1], numbers, standard],
  ['vectors', regression('t', { size: 2 }), [4, 2], vectors, standards],
  ['dense', denseClassification('t', { classes: 3, positions: [2] }), [4, 2, 3], positions, {}],
  ['dense distributions', denseClassification('t', { classes: 3, positions: [2] }), [4, 2, 3], soft, {}],
  [
    'weighted dense',
    denseClassification('t', { classes: 3, positions: [2], classWeights: [1, 2, 3] }),
    [4, 2, 3],
    positions,
    {},
  ],
];

/** Losses, predictions and the gradient of the summed loss on the backend in force. */
function measure(task: AnyTask, shape: readonly number[], target: tf.Tensor, constants: TaskConstants): number[] {
  return tf.tidy(() => {
    const size = shape.reduce((a, b) => a * b, 1);
    const z = tf.tensor(
      Array.from({ length: size }, (_, i) => 4 * Math.sin(3 * i + 1)),
      [...shape],
    );
    const name = Object.keys(task.outputs)[0] as string;
    const gradient = tf.grad((x) => tf.sum(task.loss({ [name]: x }, target, constants)))(z);
    const found = [task.loss({ [name]: z }, target, constants), task.predict({ [name]: z }, constants), gradient];
    return found.flatMap((tensor) => Array.from(tensor.dataSync()));
  });
}

it.each(cases)(
  '%s is the same on wasm as on cpu, and leaves nothing behind',
  async (_, task, shape, target, constants) => {
    const [cpu, wasm] = [[], []] as [number[], number[]];
    for (const [backend, found] of [
      ['cpu', cpu],
      ['wasm', wasm],
    ] as const) {
      expect(await tf.setBackend(backend)).toBe(true);
      const before = tf.memory().numTensors;
      const wanted = tf.tidy(target);
      found.push(...measure(task, shape, wanted, constants));
      wanted.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
    expect(distance(wasm, cpu)).toBeLessThan(1e-5);
  },
);

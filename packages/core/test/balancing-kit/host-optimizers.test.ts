import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { type HostOptimizer, hostAdam, hostSgd } from '../../src/balancing-kit/host-optimizers.js';
import { uniformStream } from '../../src/random/uniform-stream.js';
import { errorOf } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const draw = uniformStream('gradients');
const gradients = Array.from({ length: 12 }, () => [0, 1, 2].map(() => 4 * draw() - 2));
const start = [0.5, -1, 2];
const makes: [string, () => HostOptimizer][] = [
  ['Adam', () => hostAdam(start, { learningRate: 0.1 })],
  ['SGD', () => hostSgd(start, { learningRate: 0.1 })],
  ['SGD with momentum', () => hostSgd(start, { learningRate: 0.1, momentum: 0.9 })],
];

it.each([
  ['Adam', () => tf.train.adam(0.1, 0.9, 0.999, 1e-8), () => hostAdam(start, { learningRate: 0.1 })],
  ['SGD', () => tf.train.sgd(0.1), () => hostSgd(start, { learningRate: 0.1 })],
  ['momentum', () => tf.train.momentum(0.1, 0.9), () => hostSgd(start, { learningRate: 0.1, momentum: 0.9 })],
] as const)('%s moves as tfjs does', (_, theirs, ours) => {
  const optimizer = theirs();
  const host = ours();
  const x = tf.variable(tf.tensor1d(start));
  for (const gradient of gradients) {
    tf.tidy(() => optimizer.applyGradients([{ name: x.name, tensor: tf.tensor1d(gradient) }]));
    host.step(gradient);
    for (const [i, value] of x.dataSync().entries()) expect(host.values[i]).toBeCloseTo(value, 4);
  }
  optimizer.dispose();
  x.dispose();
});

it.each(makes)('%s: numbers that take no part stand still, and count their own steps', (_, make) => {
  const [all, some] = [make(), make()];
  for (const [n, gradient] of gradients.entries()) {
    some.step([gradient[0] as number, 99, gradient[2] as number], n % 2 === 0 ? [0] : [0, 2]);
    all.step(gradient);
  }
  expect(some.values[1]).toBe(start[1]);
  expect(some.values[0]).toBe(all.values[0]);
  // The third took part in every second step, as if there had been no others.
  const odd = make();
  for (const [n, gradient] of gradients.entries()) if (n % 2 === 1) odd.step(gradient);
  expect(some.values[2]).toBe(odd.values[2]);
});

it.each(makes)('%s: goes on from a saved state, through JSON, bit for bit; and back to its start', (_, make) => {
  const whole = make();
  for (const gradient of gradients) whole.step(gradient);
  const first = make();
  for (const gradient of gradients.slice(0, 5)) first.step(gradient);
  const saved = JSON.parse(JSON.stringify(first.saveState()));
  const second = make();
  second.loadState(saved);
  for (const gradient of gradients.slice(5)) second.step(gradient);
  expect(second.values).toEqual(whole.values);
  expect(second.saveState()).toEqual(whole.saveState());
  second.reset();
  expect(second.saveState()).toEqual(make().saveState());
});

it('says what is wrong with rates', () => {
  expect(errorOf(() => hostAdam([0], { learningRate: Number.NaN })).message).toContain('`learningRate`');
  expect(errorOf(() => hostAdam([0], { learningRate: 1, beta2: 1 })).message).toContain('`beta2`');
  expect(errorOf(() => hostSgd([0], { learningRate: 1, momentum: 1 })).message).toContain('`momentum`');
});

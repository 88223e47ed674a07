import { convNet, createTrainer, type InputSpecs, mlp, regression, sgd, tableDataset } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { padNet } from '../src/pad-net.js';
import { bind, listed, product } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => padNet({ encoder: mlp([4], { activation: 'tanh' }) });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);

const linear = mlp([2], { activation: 'linear' });
const x = [
  [1, 2],
  [-3, 0.5],
];
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

test('each task takes of the others by a gate of its own, after a first prediction', () => {
  const tasks = ['a', 'b', 'c'];
  const { forward, values, usedBy, dispose } = bind(padNet({ encoder: linear, branch: linear }), tasks);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const trunk = product(x, values('trunk/dense0/kernel'));
  const branches = tasks.map((task) => product(trunk, values(`branches/${task}/dense0/kernel`)));
  const messages = tasks.map((task, a) => product(branches[a] as number[][], values(`messages/${task}/kernel`)));
  tasks.forEach((task, t) => {
    const own = branches[t] as number[][];
    const gate = product(own, values(`gates/${task}/kernel`)).map((row) => row.map(sigmoid));
    closeTo(listed(intermediates[`gates/${task}`]), gate);
    const met = own.map((row, i) =>
      row.map((value, j) => {
        const taken = messages.reduce((sum, message, a) => sum + (a === t ? 0 : (message[i]?.[j] as number)), 0);
        return value + (gate[i]?.[j] as number) * taken;
      }),
    );
    closeTo(listed(features[task]), met);
    const first = product(own, values(`initial/${task}/outputs/value/kernel`)).flat();
    closeTo(listed<number[]>(intermediates[`initial/${task}/value`]), first);
  });
  expect(usedBy('messages/a/kernel')).toEqual(['b', 'c']);
  expect(usedBy('initial/a/outputs/value/kernel')).toEqual([]);
  dispose();
});

test('the losses of first predictions are those of the tasks, over rows with labels', async () => {
  const rows = { x: { data: Float32Array.from(x.flat()), shape: [2, 2] } };
  const labels = { a: [1, Number.NaN], b: [0.5, -1] };
  const columns = { a: Float32Array.from(labels.a), b: Float32Array.from(labels.b) };
  const tasks = [regression('a', { standardize: false }), regression('b', { standardize: false })];
  const sharing = padNet({ encoder: linear });
  const trainer = await createTrainer({ tasks, sharing, optimizer: sgd({ learningRate: 1e-30 }), seed: 1 });
  const { auxiliary } = await trainer.fit(tableDataset({ inputs: rows, columns }), { epochs: 1, batchSize: 2 });
  const { intermediates } = await trainer.inspect(rows);
  trainer.dispose();
  const [a, b] = ['a', 'b'].map((task) => Array.from(intermediates[`initial/${task}/value`]?.data ?? []));
  const square = (value = Number.NaN, label = Number.NaN) => (value - label) ** 2;
  const wanted = square(a?.[0], 1) + (square(b?.[0], 0.5) + square(b?.[1], -1)) / 2;
  expect(auxiliary['pad-net/initial']?.[0]).toBeCloseTo(wanted, 4);
});

test('on maps every position takes by itself; one task takes of nobody', () => {
  const images: InputSpecs = { x: { shape: [4, 4, 1], dtype: 'float32' } };
  const maps = convNet({ filters: [3], kernelSize: 3, padding: 'same', pool: 1, dense: [] });
  const sharing = padNet({ encoder: maps, branch: mlp([2], { flatten: false }) });
  const two = bind(sharing, ['a', 'b'], images);
  expect(two.forward({ x: tf.ones([1, 4, 4, 1]) }).features.a?.shape).toEqual([1, 4, 4, 2]);
  two.dispose();
  const one = bind(sharing, ['a'], images);
  expect(one.registered.some(({ path }) => /^(gates|messages)/.test(path))).toBe(false);
  expect(one.forward({ x: tf.ones([1, 4, 4, 1]) }).features.a?.shape).toEqual([1, 4, 4, 2]);
  one.dispose();
});

import { adam, defineGradientBalancing, mlp, sgd } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { mixtureOfExperts } from './methods/mixture-of-experts.js';
import { pcgrad } from './methods/pcgrad.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b', 'c'];
const experts = [{ name: 'all' }, { name: 'every' }, { name: 'some', usedBy: ['c', 'a'] }];
const encoder = mlp([5], { activation: 'tanh' });
const tasks = toyTasks(...names);

test('mixture of experts: what is shared, partly shared and private follows from who uses it', async () => {
  const options = { tasks, sharing: mixtureOfExperts(encoder, experts) };
  await trained(options, toyTable(names, 8), { epochs: 1, batchSize: 8 }, ({ trainer }) => {
    const { layout } = trainer.parameters ?? {};
    expect(layout?.ranges.map(({ usedBy, size }) => [usedBy.join(), size])).toEqual([
      ['a,b,c', 2 * (4 * 5 + 5)],
      ['a,c', 4 * 5 + 5],
      ['a', 4 * 3 + 3 + 6],
      ['b', 4 * 2 + 2 + 6],
      ['c', 4 * 3 + 3 + 6],
    ]);
    expect(layout?.sharedSize).toBe(3 * 25);
  });
});

test('mixture of experts: the load-balance term is in the history and moves gates only', async () => {
  const train = toyTable(names, 8);
  const fit = { epochs: 1, batchSize: 8, shuffle: false };
  const runs: Record<string, number[]>[] = [];
  for (const [balance, learningRate] of [
    [0, 1e-30],
    [0, 1],
    [0.5, 1],
  ] as const) {
    const options = {
      tasks,
      sharing: mixtureOfExperts(encoder, experts, { balance }),
      optimizer: sgd({ learningRate }),
    };
    await trained(options, train, fit, ({ values, trainer, events }) => {
      runs.push(values);
      // By hand from the start values.
      const expected = tf.tidy(() => {
        const x = tf.tensor2d(train.open({ batchSize: 8 }).next()?.inputs.x?.data as Float32Array, [8, 4]);
        const terms = names.map((name) => {
          const bias = runs[0]?.[`gates/${name}/bias`] ?? [];
          const kernel = tf.tensor2d(runs[0]?.[`gates/${name}/kernel`] ?? [], [4, bias.length]);
          const means = tf.mean(tf.softmax(tf.add(tf.matMul(x, kernel), bias)), 0).dataSync<'float32'>();
          return bias.length * means.reduce((sum, mean) => sum + mean * mean, 0);
        });
        return terms.reduce((sum, term) => sum + term, 0) / 3 - 1;
      });
      expectClose([events[0]?.terms['mixture/load-balance'] ?? 0], [expected]);
      expectClose(trainer.history?.auxiliary['mixture/load-balance'], [expected]);
    });
  }
  const [, without = {}, within = {}] = runs;
  const differing = Object.keys(without).filter((path) => without[path]?.join() !== within[path]?.join());
  expect(new Set(differing.map((path) => path.split('/')[0]))).toEqual(new Set(['gates']));
});

test('mixture of experts: under gradient balancing an expert of two tasks gets nothing from the third', async () => {
  const options = {
    tasks,
    sharing: mixtureOfExperts(encoder, experts),
    balancing: pcgrad(),
    optimizer: adam({ learningRate: 0.01 }),
  };
  // Only the last row, which the smaller last batch would have, is labelled for a and c.
  const train = toyTable(names, 9, { a: (row) => row < 8, c: (row) => row < 8 });
  const start: Record<string, number[]>[] = [];
  for (const optimizer of [sgd({ learningRate: 1e-30 }), options.optimizer]) {
    await trained(
      { ...options, optimizer },
      train,
      { epochs: 3, batchSize: 4, shuffle: false, lastBatch: 'drop' },
      ({ values }) => void start.push(values),
    );
  }
  const [before = {}, after = {}] = start;
  const moved = Object.keys(before).filter((path) => before[path]?.join() !== after[path]?.join());
  const places = new Set(moved.map((path) => path.split('/').slice(0, 2).join('/')));
  expect(places).toEqual(new Set(['experts/all', 'experts/every', 'gates/b', 'heads/b']));
});

test('mixture of experts: a layer is balanced between the tasks that use it', async () => {
  const seen: Record<string, readonly number[]> = {};
  const watching = defineGradientBalancing({
    name: 'watching',
    gradientsOf: 'layers',
    headGradients: 'weighted',
    scale: 'paper',
    bind: () => ({
      weights({ block, tasks: present, gramian }) {
        seen[block] = present;
        expect(gramian.every((value, i) => i % (present.length + 1) !== 0 || value > 0)).toBe(true);
        return present.map((task) => task + 2);
      },
    }),
  });
  // A fourth task has an expert to itself, and so nothing to balance.
  const own = [...experts.map((one) => ({ usedBy: names, ...one })), { name: 'own', usedBy: ['d'] }];
  const four = [...names, 'd'];
  const sharing = mixtureOfExperts(encoder, own, { balance: 0 });
  const run = { tasks: toyTasks(...four), sharing, optimizer: sgd({ learningRate: 0.1 }) };
  const data = toyTable(four, 8);
  const after: Record<string, number[]>[] = [];
  for (const balancing of [undefined, watching]) {
    await trained({ ...run, balancing }, data, { epochs: 1, batchSize: 8 }, ({ values, events }) => {
      after.push(values);
      if (balancing !== undefined) expect(events[0]?.weights).toEqual({ a: 2, b: 3, c: 4, d: 1 });
    });
  }
  expect(seen).toEqual({
    'experts/all/dense0': [0, 1, 2],
    'experts/every/dense0': [0, 1, 2],
    'experts/some/dense0': [0, 2],
  });
  const ofD = Object.keys(after[0] ?? {}).filter((path) => /^(heads.d|gates.d|experts.own)/.test(path));
  expect(ofD.length).toBe(6);
  for (const path of ofD) expect(after[1]?.[path]).toEqual(after[0]?.[path]);
});

test('mixture of experts resumes, with a temperature that falls', async () => {
  const sharing = mixtureOfExperts(encoder, experts, { temperature: (step) => 1 + 4 / (1 + step) });
  const train = toyTable(names, 24, { c: (row) => row % 6 < 4 });
  await expectResumes(() => ({ tasks, sharing, balancing: pcgrad() }), train, { epochs: 2, batchSize: 4 }, 5);
});

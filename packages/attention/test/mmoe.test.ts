import { createTrainer, type InputSpecs, mlp, regression, sgd, tableDataset, tabular } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { mmoe } from '../src/mmoe.js';
import { bind, descend, listed, product, softmax, weighed } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => mmoe({ encoder: mlp([4], { activation: 'tanh' }), experts: 3, loadBalance: 0.1 });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);

const linear = mlp([3], { activation: 'linear' });
const x = [
  [1, 2],
  [-3, 0.5],
];

test('weighs experts row by row with the softmax of a gate per task', () => {
  const { forward, values, usedBy, dispose } = bind(mmoe({ encoder: linear, experts: 2 }), ['a', 'b']);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const experts = ['expert0', 'expert1'].map((name) => product(x, values<number[][]>(`experts/${name}/dense0/kernel`)));
  for (const task of ['a', 'b']) {
    const gates = product(x, values<number[][]>(`gates/${task}/kernel`)).map(softmax);
    closeTo(listed(intermediates[`gates/${task}`]), gates);
    closeTo(
      listed(features[task]),
      gates.map((gate, row) =>
        weighed(
          gate,
          experts.map((expert) => expert[row] as number[]),
        ),
      ),
    );
    expect(usedBy(`gates/${task}/kernel`)).toEqual([task]);
  }
  expect(usedBy('experts/expert1/dense0/kernel')).toEqual(['a', 'b']);
  dispose();
});

test('one expert is hard sharing: the gate is 1', () => {
  const { forward, values, dispose } = bind(mmoe({ encoder: linear, experts: 1 }), ['a']);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  closeTo(listed(intermediates['gates/a']), [[1], [1]]);
  closeTo(listed(features.a), product(x, values('experts/expert0/dense0/kernel')));
  dispose();
});

const table: InputSpecs = {
  numbers: { shape: [2], dtype: 'float32' },
  station: { shape: [], dtype: 'int32', categories: [3] },
};

test('gates read several inputs, and category ids by an encoder of their own', () => {
  const several = { left: { shape: [2], dtype: 'float32' }, right: { shape: [1, 2], dtype: 'float32' } } as const;
  const both = bind(mmoe({ encoder: tabular({ units: [3] }), experts: 2 }), ['a'], several);
  expect(both.variable('gates/a/kernel').shape).toEqual([4, 2]);
  both.dispose();

  const embedded = mmoe({
    encoder: tabular({ units: [3] }),
    experts: 2,
    gate: tabular({ embeddingSize: 2, units: [5] }),
  });
  const { forward, variable, usedBy, dispose } = bind(embedded, ['a', 'b'], table);
  const state = forward({ numbers: tf.tensor2d(x), station: tf.tensor1d([0, 2], 'int32') });
  expect(variable('gates/b/kernel').shape).toEqual([5, 2]);
  expect(usedBy('gates/b/columns/station.0/table')).toEqual(['b']);
  for (const row of listed<number[][]>(state.intermediates['gates/b'])) expect(row[0] as number).toBeGreaterThan(0);
  dispose();
  expect(() => bind(mmoe({ encoder: tabular({ units: [3] }) }), ['a'], table)).toThrow(
    expect.objectContaining({ code: 'POLYTASK_ENCODER_INPUT', option: 'gate' }),
  );
});

test('tasks with inputs of their own go through the same experts', () => {
  const inputs = { left: { shape: [2], dtype: 'float32' }, right: { shape: [2], dtype: 'float32' } } as const;
  const tasks = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
  const { forward, values, dispose } = bind(mmoe({ encoder: linear, experts: 1 }), tasks, inputs);
  const { features } = forward({ left: tf.tensor2d(x), right: tf.tensor2d([[5, 6]]) });
  closeTo(listed(features.a), product(x, values('experts/expert0/dense0/kernel')));
  closeTo(listed(features.b), product([[5, 6]], values('experts/expert0/dense0/kernel')));
  dispose();
});

test('records gates by epoch', async () => {
  const rows = { x: { data: Float32Array.from(x.flat()), shape: [2, 2] } };
  const train = tableDataset({ inputs: rows, columns: { a: Float32Array.of(1, 2), b: Float32Array.of(0, 1) } });
  const tasks = [regression('a', { standardize: false }), regression('b', { standardize: false })] as const;
  const sharing = mmoe({ encoder: linear, experts: 2, loadBalance: 0.5 });
  // At a rate of nothing, so that the gates afterwards are those of the step.
  const trainer = await createTrainer({ tasks, sharing, optimizer: sgd({ learningRate: 1e-30 }), seed: 3 });
  const { logged, auxiliary } = await trainer.fit(train, { epochs: 1, batchSize: 2 });
  const { intermediates } = await trainer.inspect(rows);
  const gates = ['a', 'b'].map((task) => Array.from(intermediates[`gates/${task}`]?.data ?? []));
  const loads = [0, 1].map((k) => {
    const means = gates.map((gate) => ((gate[k] as number) + (gate[2 + k] as number)) / 2);
    ['a', 'b'].forEach((task, t) => {
      expect(logged[`mmoe/gates/${task}/expert${k}`]?.[0]).toBeCloseTo(means[t] as number, 5);
    });
    return ((means[0] as number) + (means[1] as number)) / 2;
  });
  const entropy = (gates[0] as number[]).reduce((sum, share) => sum - (share * Math.log(share)) / 2, 0);
  expect(logged['mmoe/gates/a/entropy']?.[0]).toBeCloseTo(entropy, 5);
  expect(auxiliary['mmoe/load-balance']?.[0]).toBeCloseTo(2 * loads.reduce((sum, load) => sum + load ** 2, 0) - 1, 5);
  trainer.dispose();
});

test('the load-balance term brings back experts that no task uses', () => {
  const model = bind(mmoe({ encoder: linear, experts: 2, loadBalance: 1 }), ['a', 'b']);
  for (const task of ['a', 'b']) model.set(`gates/${task}/bias`, [3, -3]);
  const terms = descend(model, ['gates/a/bias', 'gates/b/bias'], { x: tf.tensor2d(x) }, 40, 1);
  expect(terms[0]).toBeGreaterThan(0.8);
  expect(terms.at(-1)).toBeLessThan(0.1);
  model.dispose();
});

import { createTrainer, hostTensor, mlp, sgd } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { piModel } from './methods/pi-model.js';
import { expectClose, trained, valuesOf } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b'];
const tasks = toyTasks(...names);
const train = toyTable(names, 12);
const fit = { epochs: 2, batchSize: 6 };

async function run(sharing: ReturnType<typeof tinySharing>, auxiliary: ReturnType<typeof piModel>[]) {
  const found = {
    terms: [] as number[],
    values: {} as Record<string, number[]>,
    logged: {} as Record<string, number[]>,
  };
  await trained({ tasks, sharing, auxiliary, optimizer: sgd({ learningRate: 0.1 }) }, train, fit, (one) => {
    found.terms = one.events.map(({ terms }) => terms['pi-model'] ?? Number.NaN);
    found.values = one.values;
    found.logged = one.trainer.history?.logged ?? {};
  });
  return found;
}

test('Π-model: nothing to agree on without dropout; with it, another mask in the second pass', async () => {
  const still = await run(tinySharing(mlp([6], { activation: 'tanh' })), [piModel()]);
  expect(still.terms).toEqual([0, 0, 0, 0]);
  const restless = await run(tinySharing(mlp([6], { activation: 'tanh', dropout: 0.5 })), [piModel()]);
  expect(restless.terms.every((term) => term > 1e-4)).toBe(true);
});

test('Π-model: the second pass moves no statistics, and with a weight of 0 nothing at all', async () => {
  const sharing = tinySharing(mlp([6], { activation: 'tanh', dropout: 0.5, batchNorm: true }));
  const without = await run(sharing, []);
  const { values, terms } = await run(sharing, [piModel({ weight: 0, epsilon: 0.1 })]);
  expect(terms.every((term) => term > 0)).toBe(true);
  expect(values).toEqual(without.values);
});

test('Π-model: an adversarial view is a step along the slope of the predictions, taken as a constant', async () => {
  const epsilon = 0.05;
  const sharing = tinySharing(mlp([6], { activation: 'tanh' }));
  const { terms, logged } = await run(sharing, [piModel({ weight: 0, epsilon })]);
  expectClose(logged['pi-model/shift'], [epsilon, epsilon], 1e-5);
  // The first term again, from predictions of the model before the first step, by differences.
  const trainer = await createTrainer({ tasks, sharing, optimizer: sgd({ learningRate: 1e-30 }) });
  await trainer.fit(train, { epochs: 1, batchSize: 6 });
  expect(Object.keys(await valuesOf(trainer)).length).toBeGreaterThan(0);
  const cursor = train.open({ batchSize: 6, shuffleSeed: '0' });
  cursor.seek(0, 0);
  const raw = await cursor.next();
  const x = Float32Array.from(raw?.inputs.x?.data ?? []);
  const predicted = async (at: Float32Array) => {
    const found = await trainer.predict({ x: hostTensor(at, [6, 4]) });
    return names.map((name) => found[name] as number[]);
  };
  const slope = new Float64Array(x.length);
  const h = 1e-2;
  for (let i = 0; i < x.length; i++) {
    const sums: number[] = [];
    for (const sign of [1, -1]) {
      const moved = x.slice();
      moved[i] = (moved[i] as number) + sign * h;
      sums.push((await predicted(moved)).flat().reduce((sum, value) => sum + value, 0));
    }
    slope[i] = ((sums[0] as number) - (sums[1] as number)) / (2 * h);
  }
  const norm = Math.hypot(...slope);
  const shifted = x.map((value, i) => value + (epsilon * (slope[i] as number)) / norm);
  const [before, after] = [(await predicted(x)).flat(), (await predicted(shifted)).flat()];
  trainer.dispose();
  const term = before.reduce((sum, value, i) => sum + (value - (after[i] ?? Number.NaN)) ** 2, 0) / before.length;
  expectClose([(terms[0] as number) / term], [1], 2e-2);
});

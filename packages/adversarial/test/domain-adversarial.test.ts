import { mlp, sgd } from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { domainAdversarial } from '../src/domain-adversarial.js';
import { dataOf, tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const make = ([first = '', ...others]: readonly string[]) =>
  domainAdversarial({ units: [4], domains: { one: [first], ...(others.length > 0 && { other: others }) } });
for (const { name, run } of conformance('auxiliary', make, { perTaskData: true, claims: ['non-negative'] }))
  test(name, run);

const names = ['a', 'b', 'c'];
const sharing = plainSharing(mlp([4], { activation: 'tanh' }));
const data = dataOf({ a: 2, b: 3, c: 5 });
const run = (domains: Record<string, string[]>) =>
  trained(
    {
      tasks: tasksOf(...names),
      sharing,
      auxiliary: [domainAdversarial({ domains, units: [] })],
      optimizer: sgd({ learningRate: 1e-30 }),
    },
    data,
    {
      epochs: 1,
      batchSize: 10,
    },
  );

test('is the mean over domains of the cross-entropy of their rows', async () => {
  const { values, events } = await run({ warm: ['a', 'c'], cold: ['b'] });
  const raw = await data.open({ batchSize: 10 }).next();
  const tensor = (path: string, shape: number[]) => tf.tensor(values[path] ?? [], shape);
  const x = tf.tensor2d(raw?.inputs.x?.data as Float32Array, [10, 3]);
  const h = tf.tanh(
    tf.add(tf.matMul(x, tensor('trunk/dense0/kernel', [3, 4]) as tf.Tensor2D), tensor('trunk/dense0/bias', [4])),
  );
  const logits = tf.matMul(
    h as tf.Tensor2D,
    tensor('auxiliary/domain-adversarial/discriminator/logits/kernel', [4, 2]) as tf.Tensor2D,
  );
  const logs = tf.logSoftmax(logits).arraySync() as number[][];
  const losses: number[][] = [[], []];
  Array.from(raw?.rowSource ?? []).forEach((task, row) => {
    const domain = task === 1 ? 1 : 0;
    losses[domain]?.push(-(logs[row]?.[domain] as number));
  });
  expect(losses.map(({ length }) => length)).toEqual([7, 3]);
  const mean = (list: number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;
  expect(events[0]?.terms['domain-adversarial']).toBeCloseTo(losses.reduce((sum, list) => sum + mean(list), 0) / 2, 5);
});

test('refuses domains that leave a task out, have it twice, or name one that is not there', async () => {
  await expect(run({ warm: ['a'], cold: ['b'] })).rejects.toThrow('`c` in none');
  await expect(run({ warm: ['a', 'c'], cold: ['b', 'c'] })).rejects.toThrow('`c` in several places');
  await expect(run({ warm: ['a', 'd'], cold: ['b', 'c'] })).rejects.toThrow('There is no task named `d`');
});

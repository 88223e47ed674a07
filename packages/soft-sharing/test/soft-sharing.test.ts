import { convNet, createTrainer, defineGradientBalancing, mlp } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { softSharing } from '../src/soft-sharing.js';
import { tableOf, tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([5, 3], { activation: 'tanh' });
const image = { x: { shape: [4, 4, 1], dtype: 'float32' } } as const;
describe.each([
  ['vectors', () => softSharing({ encoder, head: mlp([3]) }), { claims: ['order-of-tasks'] as const }],
  ['images', () => softSharing({ encoder: convNet({ filters: [2], dense: [3], kernelSize: 3 }) }), { inputs: image }],
  ['a data set per task', () => softSharing({ encoder }), { perTaskData: true }],
])('%s', (_, make, options) => {
  for (const { name, run } of conformance('sharing', make, options)) test(name, run);
});

test('tasks learn as they do alone', async () => {
  const fit = { epochs: 2, batchSize: 4 };
  const together = await trained(
    { tasks: tasksOf('a', 'b'), sharing: softSharing({ encoder }) },
    tableOf(['a', 'b']),
    fit,
  );
  const alone = await trained({ tasks: tasksOf('b'), sharing: softSharing({ encoder }) }, tableOf(['b']), fit);
  for (const [path, values] of Object.entries(alone.values)) expect(together.values[path]).toEqual(values);
});

test('shares nothing, so that gradient balancing is refused with the reason', async () => {
  const balancing = defineGradientBalancing({
    name: 'equal',
    bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }),
  });
  const { inputs } = tableOf(['a', 'b']);
  await expect(
    createTrainer({ tasks: tasksOf('a', 'b'), sharing: softSharing({ encoder }), balancing, inputs }),
  ).rejects.toThrow('under `soft-sharing` no parameter is used by more than one task');
});

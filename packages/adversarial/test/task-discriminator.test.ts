import { mlp } from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { domainAdversarial } from '../src/domain-adversarial.js';
import { taskDiscriminator } from '../src/task-discriminator.js';
import { dataOf, tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => taskDiscriminator({ units: [4] });
for (const { name, run } of conformance('auxiliary', make, { perTaskData: true, claims: ['non-negative'] }))
  test(name, run);

test.each([
  { part: taskDiscriminator({ units: [], anneal: false }) },
  { part: domainAdversarial({ units: [], anneal: false, domains: { warm: ['a'], cold: ['b'] } }) },
])('$part.name learns from a batch without labels, and moves nobody’s head', async ({ part }) => {
  const options = { tasks: tasksOf('a', 'b'), sharing: plainSharing(mlp([4])), auxiliary: [part], seed: 1 };
  // Two rows of either task in every batch; the second one has no label.
  const data = dataOf({ a: 4, b: 4 }, 2);
  const first = await trained(options, dataOf({ a: 2, b: 2 }), { epochs: 1, batchSize: 4 });
  const both = await trained(options, data, { epochs: 1, batchSize: 4 });
  expect(both.skipped).toBe(0);
  expect(both.events.map(({ losses }) => Number.isNaN(losses.a))).toEqual([false, true]);
  const moved = Object.keys(both.values).filter((path) => both.values[path]?.join() !== first.values[path]?.join());
  expect(moved.some((path) => path.startsWith('trunk/'))).toBe(true);
  expect(moved).toContain(`auxiliary/${part.name}/discriminator/logits/kernel`);
  expect(moved.filter((path) => path.startsWith('heads/'))).toEqual([]);
});

import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { olAux } from '../../src/primary-task/ol-aux.js';
import { expectClose, goldenJacobian, openGradients } from '../support.js';
import { firstOf } from './support.js';

const claims = ['positive-weights', 'order-of-tasks'] as const;
for (const { name, run } of conformance('gradient-balancing', (tasks) => olAux(firstOf(tasks)), { claims }))
  test(name, run);

/** Weights step by step, on the golden Jacobian. */
async function course(options: Parameters<typeof olAux>[0], steps: number) {
  const opened = openGradients(olAux({ primary: 'task0', scale: 'paper', ...options }), 2);
  const found = [];
  for (let step = 0; step < steps; step++) found.push((await opened.step(goldenJacobian)).weights as number[]);
  opened.dispose();
  return found;
}

test('adds up what tasks have in common with the primary one, and changes weights every n steps', async () => {
  const cosine = -0.841191;
  const found = await course({ beta: 0.2, interval: 2 }, 5);
  const [first, , third, , fifth] = found;
  expectClose(first, [1, 1]);
  expectClose(found[1], [1, 1]);
  expectClose(third, [1, 1 + 0.4 * cosine]);
  expectClose(found[3], third as number[]);
  expectClose(fifth, [1, 1 + 0.8 * cosine]);
});

test('by inner products it is as in the paper', async () => {
  const found = await course({ similarity: 'product', beta: 0.01, interval: 1 }, 3);
  expectClose(found.flat(), [1, 1, 1, 1 - 0.22, 1, 1 - 0.44], 1e-5);
});

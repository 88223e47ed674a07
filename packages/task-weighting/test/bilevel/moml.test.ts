import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { moml } from '../../src/bilevel/moml.js';
import { runLinear } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', () => moml({ innerRate: 0.05 }))) test(name, run);

const first = async (jacobian: readonly (readonly number[])[]) => {
  const method = moml({ innerRate: 0.05, scale: 'paper' });
  const { checkpoint, events } = await runLinear(
    method,
    jacobian,
    jacobian.map(() => 2),
    { validation: true },
  );
  return {
    first: (checkpoint.state.balancing as { first: number[] }).first,
    weights: Object.values(events[0]?.weights ?? {}),
  };
};

test('two tasks that conflict pull the weights in opposite directions, which cancel', async () => {
  // C = [[19, −22], [−22, 39]]: u_1 is along (−1, 1), u_2 along (1, −1); their shortest combination is 0.
  const found = await first(goldenJacobian);
  expectClose(found.first, [0, 0]);
  expectClose(found.weights, [0.5, 0.5]);
});

test('a task that all gain by gets more weight, worked out by hand', async () => {
  // C over shared parameters and heads: [[2, 3], [3, 10]]. Both rows are along (1, −1): the second task is better for both.
  const found = await first([
    [1, 0],
    [3, 0],
  ]);
  expectClose(found.first, [0.1 * Math.SQRT1_2, -0.1 * Math.SQRT1_2], 1e-5);
  const [a = 0, b = 0] = found.weights;
  expect(b).toBeGreaterThan(a);
  expectClose([a + b], [1]);
});

test('says what is missing without validation data', async () => {
  const run = runLinear(moml({ innerRate: 0.05 }), goldenJacobian, [2, 3]);
  await expect(run).rejects.toThrow('`moml` needs validation data');
});

import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { go4align } from '../../src/loss-weighting/go4align.js';
import { runLinear } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', go4align)) test(name, run);

/** Weights step by step. */
async function weightsOf(options: Parameters<typeof go4align>[0], losses = [2, 3], steps = 1) {
  const jacobian = losses.map((_, k) => goldenJacobian[k % 2] as number[]);
  const { events } = await runLinear(go4align({ scale: 'paper', ...options }), jacobian, losses, {
    steps,
    learningRate: 0.01,
  });
  return events.map(({ weights }) => Object.values(weights));
}

test('golden values', async () => {
  expectClose((await weightsOf({ groups: 2 }))[0], [1.250062, 0.833292]);
  expectClose((await weightsOf({ groups: 1 }))[0], [1.041677, 1.041677]);
});

test('with one group it is equal weighting, whatever the losses', async () => {
  const [weights] = await weightsOf({ groups: 1, scale: 'tasks', eta: 0.3 }, [2, 3, 0.1]);
  expectClose(weights, [1, 1, 1]);
});

test('with a group per task and η = 0 it goes along the scale-invariant loss', async () => {
  const losses = [2, 3, 0.5];
  const [weights = []] = await weightsOf({ groups: 3, eta: 0 }, losses);
  const parts = weights.map((weight, k) => weight * (losses[k] as number));
  expectClose(
    parts,
    parts.map(() => parts[0] as number),
  );
});

test('remembers losses in q', async () => {
  const eta = 0.5;
  const losses = [2, 3];
  const found = await weightsOf({ groups: 2, eta }, losses, 2);
  const [a = 0, b = 0] = [Math.exp(-eta * 2), Math.exp(-eta * 3)];
  expectClose(found[0], [(a / (a + b)) * (5 / 2), (b / (a + b)) * (5 / 3)]);
  expect(found[1]?.[0]).toBeGreaterThan(found[0]?.[0] as number);
});

test('a loss of 0 has weight 0, and a negative one is refused', async () => {
  const [weights] = await weightsOf({ groups: 3, scale: 'tasks' }, [2, 3, 0]);
  expect(weights?.[2]).toBe(0);
  await expect(weightsOf({}, [2, -3])).rejects.toMatchObject({ code: 'POLYTASK_LOSS_TOO_LOW' });
});

import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { forum } from '../../src/bilevel/forum.js';
import { runLinear } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', () => forum({ innerRate: 0.05 }))) test(name, run);

const first = async (jacobian: readonly (readonly number[])[], descent: number) => {
  const { checkpoint, events, theta } = await runLinear(
    forum({ innerRate: 0.1, descent }),
    jacobian,
    jacobian.map(() => 2),
    { validation: true },
  );
  const { logits, mean } = checkpoint.state.balancing as {
    logits: { values: number[]; first: number[] };
    mean: number[];
  };
  return { ...logits, mean, theta, logged: events[0]?.logged, weights: Object.values(events[0]?.weights ?? {}) };
};

test('where all validation losses fall with the training loss anyway, the model follows them alone; by hand', async () => {
  // Gradients with heads: C = [[2, 3], [3, 10]], so q·g = (2.5/√2, 6.5/√10) and ‖q‖² = 4.5 + 0.5: π < 0, ν = 0, λ = (½, ½).
  const found = await first(
    [
      [1, 0],
      [3, 0],
    ],
    0.1,
  );
  expectClose(found.mean, [0.5, 0.5]);
  expect(found.logged?.['forum/multiplier']).toBe(0);
  expectClose(found.values, [0, 0]);
  // sgd of 0.1 along ½ (1/√2 + 3/√10) of θ_1.
  expectClose(found.theta, [-0.05 * (Math.SQRT1_2 + 3 / Math.sqrt(10)), 0], 1e-6);
});

test('where they do not fall fast enough, the training loss has its say, and its weights learn; by hand', async () => {
  // As above with φ = 1: π = (1 − 2.5/(5√2), 1 − 6.5/(5√10)), both above 0, the first larger.
  const found = await first(
    [
      [1, 0],
      [3, 0],
    ],
    1,
  );
  const pulls = [1 - 2.5 / (5 * Math.SQRT2), 1 - 6.5 / (5 * Math.sqrt(10))];
  const [a = 0, b = 0] = found.mean;
  expectClose([a + b], [1], 1e-6);
  // The derivative of ½ λᵀGλ − ½‖q‖² (πᵀλ)² along (1, −1) is 0 at λ, or λ lies in a corner that it points into.
  const cosine = 3 / Math.sqrt(20);
  const slope = (x: number) => {
    const pull = x * (pulls[0] as number) + (1 - x) * (pulls[1] as number);
    return (1 - cosine) * (2 * x - 1) - 5 * pull * ((pulls[0] as number) - (pulls[1] as number));
  };
  if (a < 1 - 1e-6) expect(slope(a)).toBeCloseTo(0, 4);
  else expect(slope(1)).toBeLessThan(0);
  const multiplier = a * (pulls[0] as number) + b * (pulls[1] as number);
  expectClose([found.logged?.['forum/multiplier'] as number], [multiplier], 1e-5);
  // ∇_a q = ½ (−1, 1): the inner steps lower the second loss by 2 more.
  expectClose(found.first, [-0.05 * multiplier, 0.05 * multiplier], 1e-5);
  expectClose(found.theta, [-0.1 * (a * Math.SQRT1_2 + (b * 3) / Math.sqrt(10) + multiplier * 2), 0], 1e-5);
});

test('says what is missing without validation data, and which loss is no number where the inner steps diverge', async () => {
  const run = runLinear(forum(), goldenJacobian, [2, 3]);
  await expect(run).rejects.toThrow('`forum` needs validation data');
  const far = runLinear(forum({ innerRate: 3e38 }), goldenJacobian, [2, 3], { validation: true });
  await expect(far).rejects.toMatchObject({ code: 'POLYTASK_NON_FINITE' });
});

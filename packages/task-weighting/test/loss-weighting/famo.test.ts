import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { famo } from '../../src/loss-weighting/famo.js';
import { runLinear } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', famo)) test(name, run);

const paper = { scale: 'paper', decay: 0 } as const;

test('golden values: the first direction', async () => {
  const { events, theta } = await runLinear(famo(paper), goldenJacobian, [2, 3]);
  expectClose(Object.values(events[0]?.weights ?? {}), [0.6, 0.4]);
  expectClose(theta, [0, -0.1, -0.1]);
});

test('logits follow the fall of the losses, worked out by hand', async () => {
  const { events, checkpoint } = await runLinear(famo(paper), goldenJacobian, [2, 3], { steps: 2 });
  // d = (0, 1, 1): losses fall by .1 a · d = .2, and by .1 w more through their heads.
  const after = [2 - 0.2 - 0.06, 3 - 0.2 - 0.04] as const;
  const fall = [Math.log(2 / after[0]), Math.log(3 / after[1])] as const;
  expect(fall[0]).toBeGreaterThan(fall[1]);
  // Adam's first step has the length of the learning rate: the task that fell more loses .025, the other gains it.
  const ratio = Math.exp(-0.05);
  const z = [ratio / (1 + ratio), 1 / (1 + ratio)] as const;
  const parts = [z[0] / after[0], z[1] / after[1]] as const;
  const total = parts[0] + parts[1];
  expectClose(Object.values(events[1]?.weights ?? {}), [parts[0] / total, parts[1] / total], 1e-5);
  const { values } = checkpoint.state.balancing as { values: number[] };
  expect(values[0]).toBeLessThan(-0.04);
});

test('is unchanged by the unit of a loss', async () => {
  const scaled = [goldenJacobian[0] as number[], (goldenJacobian[1] as number[]).map((slope) => 1000 * slope)];
  const weights = async (jacobian: readonly (readonly number[])[], losses: readonly number[]) => {
    const { events } = await runLinear(famo(paper), jacobian, losses, { steps: 1 });
    return Object.values(events[0]?.weights ?? {}) as [number, number];
  };
  const [a, b] = await weights(goldenJacobian, [2, 3]);
  const [c, d] = await weights(scaled, [2, 3000]);
  expectClose([(1000 * d) / c], [b / a], 1e-5);
});

test('takes negative losses above their lower bounds, and none below', async () => {
  const shifted = famo({ ...paper, minima: { a: -4, b: -4 } });
  const { events } = await runLinear(shifted, goldenJacobian, [-2, -1]);
  expectClose(Object.values(events[0]?.weights ?? {}), [0.6, 0.4]);
  const refused = runLinear(famo({ minima: { a: -4 } }), goldenJacobian, [-2, -1]);
  await expect(refused).rejects.toThrow('`famo` is defined for losses of 0 and above, but that of task `b` is -1');
  await expect(runLinear(famo({ minima: { c: 1 } }), goldenJacobian, [2, 3])).rejects.toThrow('no task named `c`');
});

test('weights sum to the number of tasks where they are to', async () => {
  const { events } = await runLinear(famo(), goldenJacobian, [2, 3], { steps: 3, learningRate: 0.01 });
  for (const { weights } of events) expectClose([Object.values(weights).reduce((sum, one) => sum + one, 0)], [2]);
});

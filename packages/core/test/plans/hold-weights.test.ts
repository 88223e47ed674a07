import { defineGradientBalancing, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { goldenJacobian } from '../acid/support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from '../acid/support/runs.js';
import { toyTable, toyTasks } from '../acid/support/toy-data.js';
import { tinySharing } from '../helpers/tiny-sharing.js';

/** Weights that say at which step they were worked out: (1, step + 1), and the steps themselves. */
function stepped(updateEvery: number, headGradients: 'raw' | 'weighted' = 'raw') {
  const steps: number[] = [];
  const part = defineGradientBalancing({
    name: 'stepped',
    scale: 'paper',
    updateEvery,
    headGradients,
    bind: () => ({
      weights({ tasks, step }) {
        steps.push(step.step);
        return tasks.map((task) => (task === 0 ? 1 : step.step + 1));
      },
    }),
  });
  return { part, steps };
}

test.each(['raw', 'weighted'] as const)(
  'weights hold for some steps, each of one backward pass, with %s head gradients',
  async (heads) => {
    const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
    const { part, steps } = stepped(3, heads);
    const options = { ...problem, balancing: part, optimizer: sgd({ learningRate: 1 }) };
    await trained(options, data, { epochs: 5, batchSize: 2 }, ({ events, values, programs }) => {
      expect(steps).toEqual([0, 3]);
      expect(events.map(({ weights }) => Object.values(weights))).toEqual([
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 4],
        [1, 4],
      ]);
      // θ = −Σ (w_1 a_1 + w_2 a_2), and losses are reported in every step.
      const total = [5, 3 + 8];
      expectClose(
        values['shared/0/theta'],
        [0, 1, 2].map((p) => -total.reduce((sum, w, k) => sum + w * (goldenJacobian[k]?.[p] as number), 0)),
      );
      expectClose(values['heads/b/loss'], [3 - (heads === 'raw' ? 5 : 11)]);
      for (const { losses } of events) expect(Object.values(losses).every(Number.isFinite)).toBe(true);
      expect(programs.filter(({ program }) => program.includes('jacobian')).length).toBe(2);
    });
  },
);

test('are worked out anew where a task is present that had no part in them', async () => {
  // `a` is absent from the first of four batches.
  const { part, steps } = stepped(100);
  const options = { tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: part };
  const data = toyTable(['a', 'b'], 16, { a: (row) => row < 4 });
  await trained(options, data, { epochs: 1, batchSize: 4, shuffle: false }, ({ events }) => {
    expect(steps).toEqual([0, 1]);
    expect(events.map(({ weights }) => Object.values(weights))).toEqual([
      [0, 1],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });
});

test('go on in a resumed run', async () => {
  const options = () => ({ tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: stepped(4).part });
  await expectResumes(options, toyTable(['a', 'b'], 24), { epochs: 2, batchSize: 8 }, 2);
});

test('are refused where there is no one set of them', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const layers = defineGradientBalancing({
    name: 'by-layers',
    gradientsOf: 'layers',
    updateEvery: 2,
    bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }),
  });
  await expect(trained({ ...problem, balancing: layers }, data, { epochs: 1, batchSize: 2 })).rejects.toMatchObject({
    code: 'POLYTASK_BALANCING_SHAPE',
    option: 'updateEvery',
    part: { kind: 'gradient-balancing', name: 'by-layers' },
  });
});

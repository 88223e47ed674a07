import { sgd, uniformFloats } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { gradDrop } from './methods/grad-drop.js';
import { goldenJacobian, linearProblem } from './support/linear-problem.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

test('GradDrop: keeps one sign per coordinate, by the numbers that the step draws, and is right on average', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const steps = 60;
  const options = { ...problem, balancing: gradDrop(), optimizer: sgd({ learningRate: 1 }), seed: 5 };
  await trained(options, data, { epochs: steps, batchSize: 2 }, ({ values, events }) => {
    let expected = 0;
    for (let step = 0; step < steps; step++) {
      const [drawn = 0] = uniformFloats(3, 5, 'forward', step, 0, 'balancing/keep', 0);
      // P = ½ (1 + 2/10) in the first coordinate; the other two agree and always stay.
      expected -= drawn < 0.6 ? 6 : -4;
    }
    expectClose(values['shared/0/theta'], [expected, -2 * steps, -2 * steps]);
    expect(Math.abs(expected / steps + 2)).toBeLessThan(2);
    expectClose(values['heads/a/loss'], [2 - steps]);
    expect(events[0]?.losses).toEqual({ a: 2, b: 3 });
  });
});

test('GradDrop on the representation: one pass, and with equal tasks the plain sum of gradients', async () => {
  const train = toyTable(['a'], 8);
  const tasks = [...toyTasks('a'), ...toyTasks('b').map((task) => ({ ...task, column: 'a' }))];
  const optimizer = sgd({ learningRate: 0.1 });
  const fit = { epochs: 2, batchSize: 4 };
  const sharing = tinySharing();
  const sums: Record<string, number[]>[] = [];
  await trained({ tasks: toyTasks('a'), sharing, optimizer }, train, fit, ({ values }) => void sums.push(values));
  await trained(
    { tasks: toyTasks('a'), sharing, optimizer, balancing: gradDrop({ gradientsOf: 'representation' }) },
    train,
    fit,
    ({ values, programs }) => {
      for (const [path, expected] of Object.entries(sums[0] ?? {})) expectClose(values[path], expected);
      expect(programs.map(({ program }) => program)).toContain('aggregate-representation-and-apply-uniform');
      expect(programs.length).toBe(4);
    },
  );
  await trained({ tasks, sharing, optimizer, balancing: gradDrop({ gradientsOf: 'representation' }) }, train, fit);
});

test('GradDrop resumes', async () => {
  const options = () => ({ tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: gradDrop() });
  await expectResumes(options, toyTable(['a', 'b'], 24), { epochs: 2, batchSize: 8 }, 4);
});

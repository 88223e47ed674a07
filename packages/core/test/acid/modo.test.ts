import { defineStepPlan, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { modo } from './methods/modo.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

test('MoDo: golden weights and direction', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const options = { ...problem, balancing: modo({ gamma: 1e-3 }), optimizer: sgd({ learningRate: 1 }) };
  await trained(options, data, { epochs: 1, batchSize: 2 }, ({ values, events }) => {
    expectClose(Object.values(events[0]?.weights ?? {}), [0.505, 0.495]);
    expectClose(values['shared/0/theta'], [-0.95, -1, -1]);
    expectClose(values['heads/a/loss'], [1]);
  });
});

test('MoDo: three batches of a step are different, and none repeats within an epoch of its stream', async () => {
  const seen: number[][] = [];
  const probe = defineStepPlan({
    name: 'probe',
    bind: () => ({
      async step({ batch, anotherBatch, losses, info }) {
        for (const one of [batch, await anotherBatch(), await anotherBatch()]) seen.push([...(one.ids.a ?? [])]);
        expect(info.step).toBe(seen.length / 3 - 1);
        return { losses: await losses(), weights: [1, 1] };
      },
    }),
  });
  const options = { tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: probe };
  await trained(options, toyTable(['a', 'b'], 16), { epochs: 1, batchSize: 4 }, () => {
    const own = seen.filter((_, i) => i % 3 === 0).flat();
    const further = seen.filter((_, i) => i % 3 !== 0);
    const everyRow = Array.from({ length: 16 }, (_, id) => id);
    expect([...own].sort((a, b) => a - b)).toEqual(everyRow);
    expect(
      further
        .slice(0, 4)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(everyRow);
    expect(further.slice(0, 4).flat()).not.toEqual(own);
  });
});

test('MoDo resumes', async () => {
  const options = () => ({ tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: modo() });
  await expectResumes(options, toyTable(['a', 'b'], 24), { epochs: 3, batchSize: 8 }, 4);
});

import { defineStepPlan, mlp, perTaskDatasets, regression, tableDataset, uniformFloats } from '@polytask/core';
import { expect, test } from 'vitest';
import { banditSchedule } from './methods/bandit-schedule.js';
import { mgda } from './methods/mgda.js';
import { pcgrad } from './methods/pcgrad.js';
import { perTaskInputs } from './methods/per-task-inputs.js';
import { expectClose, expectResumes, trained } from './support/runs.js';

/** A table with one input of the task's own. */
function table(task: string, rows: number, width: number) {
  const data = uniformFloats(rows * width, task);
  const column = Float32Array.from({ length: rows }, (_, row) =>
    data.subarray(row * width, (row + 1) * width).reduce((a, b) => a + b),
  );
  return tableDataset({ inputs: { [`${task}-x`]: { data, shape: [rows, width] } }, columns: { [task]: column } });
}

const tasks = ['a', 'b', 'c'].map((name) => regression(name, { inputs: [`${name}-x`], standardize: false }));
const train = perTaskDatasets({ a: table('a', 16, 3), b: table('b', 8, 3), c: table('c', 8, 5) });
const sharing = perTaskInputs(mlp([6], { batchNorm: true }), { c: mlp([3]) });

test('tasks with inputs of their own: each keeps its rows, the trunk is shared', async () => {
  const sizes: Record<string, number[]> = {};
  const probe = defineStepPlan({
    name: 'probe',
    bind: () => ({
      async step({ batch, gramianOf, jacobian }) {
        for (const { name } of tasks) sizes[name] = [...(sizes[name] ?? []), batch.ids[name]?.length ?? 0];
        const { gramians, losses } = await gramianOf('shared');
        const { shared } = await jacobian();
        expect(shared.shape).toEqual([3, 3 * 6 + 6 + 6]);
        expect(gramians.shared?.every((value) => Number.isFinite(value))).toBe(true);
        return { losses, weights: [1, 1, 1], ...(gramians.shared && { gramian: gramians.shared }) };
      },
    }),
  });
  await trained({ tasks, sharing, balancing: probe }, train, { epochs: 1, batchSize: 8 }, ({ trainer }) => {
    expect(sizes).toEqual({ a: [4, 4, 4, 4], b: [2, 2, 2, 2], c: [2, 2, 2, 2] });
    const { ranges = [] } = trainer.parameters?.layout ?? {};
    expect(ranges.map(({ usedBy }) => usedBy.join())).toEqual(['a,b,c', 'a', 'b', 'c']);
    expectClose([trainer.history?.cosines[0]?.[0]?.[0] ?? 0], [1]);
  });
});

test('a gradient by the representation is refused where there is no common one', async () => {
  const options = { tasks, sharing, balancing: mgda({ of: 'representation' }) };
  await expect(trained(options, train, { epochs: 1 })).rejects.toThrow('but this sharing strategy has none');
});

test('tasks with inputs of their own resume, with a schedule that leaves tasks out', async () => {
  const options = () => ({ tasks, sharing, balancing: pcgrad(), schedule: banditSchedule() });
  await expectResumes(options, train, { epochs: 2, batchSize: 4 }, 5);
});

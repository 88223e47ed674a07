import {
  type AnyTask,
  defineStepPlan,
  mlp,
  type NamedTensors,
  type Program,
  type SharingStrategy,
  sumOfLosses,
  type TableDataset,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { buildModel } from '../../src/model/multi-task-model.js';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { mixtureOfExperts } from './methods/mixture-of-experts.js';
import { executorUnderTest } from './support/executor.js';
import { expectClose, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b', 'c'];
const reading: Program = {
  name: 'read',
  run: (feeds) => feeds,
};

/** Reads J and what else there is at the first step. */
function probe(found: Record<string, number[]>) {
  return defineStepPlan({
    name: 'probe',
    bind: () => ({
      async step({ jacobian, gradient, gramian, run }) {
        const all = await jacobian();
        const weighted = await gradient({ weights: [0.5, 2, 1] });
        const { host } = await run(reading, {
          feeds: { shared: all.shared, own: all.own, gradient: weighted.gradient },
          outputs: { shared: 'read', own: 'read', gradient: 'read' },
        });
        for (const [name, { data }] of Object.entries(host)) found[name] = [...data];
        found.gramian = [...(await gramian(all))];
        return { losses: all.losses, weights: [1, 1, 1] };
      },
    }),
  });
}

/** Losses of every task and K separate gradients by `tf.variableGrads`, laid out like the model. */
function separately(tasks: readonly AnyTask[], sharing: SharingStrategy, data: TableDataset) {
  const model = buildModel({ tasks, inputs: data.inputs, sharing, auxiliary: [], balancing: sumOfLosses(), seed: 0 });
  const raw = data.gather(Array.from({ length: data.size }, (_, row) => row));
  const { segments, sharedSize, size } = model.layout;
  const rows = tasks.map((task) => {
    const row = new Float64Array(size);
    tf.tidy(() => {
      const { grads } = tf.variableGrads(
        () => {
          const x = tf.tensor(raw.inputs.x?.data as Float32Array, raw.inputs.x?.shape as number[]);
          const uniform = () => x;
          const state = model.sharing.forward({ x }, { training: true, uniform }, {});
          const target = tf.tensor1d(raw.columns[task.name]?.data as Float32Array);
          return tf.mean(task.loss(state.outputs[task.name] as NamedTensors, target, {}));
        },
        segments.filter(({ usedBy }) => usedBy.includes(task.name)).map(({ variable }) => variable),
      );
      for (const { variable, offset } of segments) row.set(grads[variable.name]?.dataSync() ?? [], offset);
    });
    return row;
  });
  model.dispose();
  return { rows, sharedSize };
}

const encoder = mlp([6, 5], { activation: 'tanh' });
const experts = [{ name: 'all' }, { name: 'some', usedBy: ['a', 'b'] }];

test.each([
  ['a trunk', tinySharing(encoder)],
  ['a trunk with BatchNorm', tinySharing(mlp([6], { batchNorm: true }))],
  ['experts', mixtureOfExperts(encoder, experts, { balance: 0 })],
])('the Jacobian of %s is that of K separate gradients', async (_, sharing) => {
  const tasks = toyTasks(...names);
  const data = toyTable(names, 8);
  const found: Record<string, number[]> = {};
  await trained({ tasks, sharing, balancing: probe(found) }, data, { epochs: 1, batchSize: 8, shuffle: false });
  const { rows, sharedSize } = separately(tasks, sharing, data);
  expectClose(
    found.shared,
    rows.flatMap((row) => [...row.subarray(0, sharedSize)]),
    1e-6,
  );
  // Beyond what is shared every number belongs to one task.
  const own = (rows[0] as Float64Array).map((_, i) => rows.reduce((sum, row) => sum + (row[i] as number), 0));
  expectClose(found.own, own.subarray(sharedSize), 1e-6);
  const weighted = own.map((_, i) => rows.reduce((sum, row, k) => sum + ([0.5, 2, 1][k] ?? 0) * (row[i] ?? 0), 0));
  expectClose(found.gradient, weighted, 1e-6);
  const gramian = rows.flatMap((p) =>
    rows.map((q) => p.subarray(0, sharedSize).reduce((sum, value, i) => sum + value * (q[i] as number), 0)),
  );
  expectClose(found.gramian, gramian, 1e-5);
});

test.skipIf(!executorUnderTest().reportsOperations)('K gradients take one forward pass through the trunk', async () => {
  const forwardPasses = async (count: number) => {
    const tasks = toyTasks(...names.slice(0, count));
    let passes = 0;
    const balancing = defineStepPlan({
      name: 'probe',
      bind: () => ({
        step: async ({ jacobian }) => ({ losses: (await jacobian()).losses, weights: tasks.map(() => 1) }),
      }),
    });
    await trained(
      { tasks, sharing: tinySharing(encoder), balancing },
      toyTable(names, 8),
      { epochs: 1, batchSize: 8 },
      ({ programs }) => {
        const [jacobian] = programs;
        expect(jacobian?.program).toBe('jacobian');
        passes = jacobian?.operations.filter(({ name }) => name === 'Tanh').length ?? 0;
        // The product that gives the trunk's first layer, and one backwards for every task.
        const products = jacobian?.operations.filter(
          ({ name, outputs }) => name === 'BatchMatMul' && outputs[0]?.join() === '8,6',
        );
        expect(products?.length).toBe(1 + count);
      },
    );
    return passes;
  };
  // Two layers with tanh, once each.
  expect(await forwardPasses(1)).toBe(2);
  expect(await forwardPasses(3)).toBe(2);
});

import { adam, defineGradientBalancing, type GramianInput, mlp } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { famo } from './methods/famo.js';
import { gradDrop } from './methods/grad-drop.js';
import { modo } from './methods/modo.js';
import { dbMtl } from './methods/momentum-balancing.js';
import { pcgrad } from './methods/pcgrad.js';
import { uncertaintyWeighting } from './methods/uncertainty-weighting.js';
import { expectClose, expectResumes, trained, valuesOf } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b', 'c'];
const tasks = toyTasks(...names);
// Four batches of four rows: b has labels in the first and the last only.
const train = toyTable(names, 16, { b: (row) => row >= 4 && row < 12, c: (row) => row % 4 === 0 });
const fit = { epochs: 1, batchSize: 4, shuffle: false };
const head = mlp([4], { batchNorm: true });
const sharing = tinySharing(mlp([6]), head);

const balancings = [
  undefined,
  uncertaintyWeighting(),
  pcgrad(),
  gradDrop(),
  dbMtl(),
  famo(),
  modo(),
  pcgrad({ headGradients: 'weighted' }),
];

test.each(balancings)('an absent task stands still: values, moments, count and statistics (%#)', async (balancing) => {
  const values: Record<string, number[]>[] = [];
  const moments: Record<string, number[]>[] = [];
  const counts: (number | undefined)[] = [];
  const options = { tasks, sharing, optimizer: adam({ learningRate: 0.01 }), balancing };
  await trained(options, train, fit, undefined, async (trainer) => {
    const { ranges = [], segments = [] } = trainer.parameters?.layout ?? {};
    const { tensors, state } = await trainer.checkpoint();
    const first = tensors['slot/first']?.data as Float32Array;
    values.push(await valuesOf(trainer));
    moments.push(
      Object.fromEntries(segments.map(({ path, offset, size }) => [path, [...first.subarray(offset, offset + size)]])),
    );
    counts.push((state.counts as number[])[ranges.findIndex(({ usedBy }) => usedBy.join() === 'b')]);
  });
  const paths = Object.keys(values[0] ?? {});
  const ofB = paths.filter((path) => path.startsWith('heads/b/'));
  expect(ofB.length).toBe(7); // kernel, scale, offset, two averages; kernel and bias of the output
  for (const path of ofB) {
    expect(values[1]?.[path], path).toEqual(values[0]?.[path]);
    expect(values[2]?.[path], path).toEqual(values[0]?.[path]);
    expect(values[3]?.[path], path).not.toEqual(values[0]?.[path]);
    expect(moments[2]?.[path], path).toEqual(moments[0]?.[path]);
  }
  expect(counts).toEqual([1, 1, 1, 2]);
  for (const path of paths.filter((one) => /^(heads.a|trunk)/.test(one))) {
    expect(values[1]?.[path], path).not.toEqual(values[0]?.[path]);
  }
});

test('host weights see the Gramian and losses of the tasks present, with their indices', async () => {
  const seen: GramianInput[] = [];
  const watching = defineGradientBalancing({
    name: 'watching',
    scale: 'paper',
    bind: () => ({
      weights(input) {
        seen.push(input);
        return input.tasks.map((task) => 10 + task);
      },
    }),
  });
  await trained({ tasks, sharing, balancing: watching }, train, fit, ({ events, trainer }) => {
    expect(seen.map((input) => input.tasks)).toEqual([
      [0, 1, 2],
      [0, 2],
      [0, 2],
      [0, 1, 2],
    ]);
    expect(seen.map((input) => input.gramian.length)).toEqual([9, 4, 4, 9]);
    expect(events[1]?.weights).toEqual({ a: 10, b: 0, c: 12 });
    expectClose(seen[1]?.losses, [events[1]?.losses.a ?? 0, events[1]?.losses.c ?? 0]);
    expect(events[1]?.losses.b).toBeNaN();
    // Means of an epoch are over the steps in which a task was there.
    const present = [events[0]?.losses.b ?? 0, events[3]?.losses.b ?? 0];
    expectClose(trainer.history?.tasks.b?.trainLoss, [present.reduce((sum, loss) => sum + loss) / 2]);
    expect(trainer.history?.tasks.b?.weight).toEqual([11]);
  });
});

test('weights of the tasks present are rescaled to their number', async () => {
  await trained({ tasks, sharing, balancing: pcgrad() }, train, fit, ({ events }) => {
    const sums = events.map(({ weights }) => Object.values(weights).reduce((sum, weight) => sum + weight, 0));
    expectClose(sums, [3, 2, 2, 3]);
  });
});

test('batches without any label are passed over', async () => {
  const gaps = toyTable(
    names,
    12,
    Object.fromEntries(names.map((name) => [name, (row: number) => row >= 4 && row < 8])),
  );
  await trained({ tasks, sharing }, gaps, fit, ({ trainer, events }) => {
    expect(trainer.history?.skipped).toBe(1);
    expect(events.map(({ step, batch }) => [step, batch])).toEqual([
      [0, 1],
      [1, 3],
    ]);
  });
});

test.each(balancings)('a run with absent tasks resumes (%#)', async (balancing) => {
  await expectResumes(() => ({ tasks, sharing, balancing }), train, { ...fit, epochs: 2 }, 3);
});

import {
  type AnyTask,
  binary,
  classification,
  createTrainer,
  defineLossWeighting,
  eager,
  type FrozenModel,
  mlp,
  regression,
  sgd,
  type Teachers,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { defineExecutor } from '@polytask/core/executors';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { distill } from '../src/distill.js';
import { expectResumes, modelValues, trained, untrained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const untaught = new Map<string, FrozenModel>();
for (const names of [1, 3, 40].map((count) => Array.from({ length: count }, (_, i) => `task${i + 1}`)))
  untaught.set(names.join(), await untrained(names));
const teachersOf = (names: readonly string[]): Teachers => {
  const frozen = untaught.get([...names].join()) as FrozenModel;
  return Object.fromEntries(names.map((name) => [name, frozen]));
};
const make = (names: readonly string[]) => distill({ teachers: teachersOf(names), unlabelled: true });
for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'] })) test(name, run);

const [student, teacher] = [
  [0.7, 0.2, 0.1],
  [0.5, 0.3, 0.2],
];

test('mixes label and teacher: golden values', () => {
  const task = classification('a', { classes: 3 });
  const bound = distill({ teachers: teachersOf(['task1']), tasks: ['task1'] }).bind({
    tasks: [{ ...task, name: 'task1' }],
  } as never);
  tf.tidy(() => {
    const targets = bound.targets?.({
      batch: { targets: { task1: tf.tensor1d([0], 'int32') } },
      feeds: { share: tf.scalar(0.25), 'teacher/task1': tf.tensor2d([teacher as number[]]) },
      constants: {},
    } as never);
    const target = targets?.task1 as tf.Tensor;
    for (const [i, value] of [0.625, 0.225, 0.15].entries()) expect(target.dataSync()[i]).toBeCloseTo(value, 6);
    const loss = task.loss({ logits: tf.log(tf.tensor2d([student as number[]])) }, target, {});
    expect(loss.dataSync()[0]).toBeCloseTo(0.930433, 5);
  });
});

const rows = 30;
const x = uniformFloats(rows * 4, 'distill').map((value) => 2 * value - 1);
const at = (row: number, i: number) => x[4 * row + i] as number;
const columns = {
  kind: Int32Array.from({ length: rows }, (_, row) =>
    row % 5 === 0 ? -1 : at(row, 0) > 0.3 ? 2 : at(row, 1) > 0 ? 1 : 0,
  ),
  yes: Float32Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? Number.NaN : at(row, 2) > 0 ? 1 : 0)),
  size: Float32Array.from({ length: rows }, (_, row) => 40 + 7 * at(row, 3) + at(row, 0)),
};
const data = tableDataset({ inputs: { x: { data: x, shape: [rows, 4] } }, columns });
const tasks = [
  classification('kind', { classes: 3, classWeights: [1, 2, 1] }),
  binary('yes'),
  regression('size'),
] as const;
const sharing = plainSharing(mlp([6], { dropout: 0.2, batchNorm: true, activation: 'tanh' }));

/** Networks for each task alone. */
const taught: Record<string, FrozenModel> = {};
for (const task of tasks) {
  const trainer = await createTrainer({ tasks: [task], sharing });
  await trainer.fit(data, { epochs: 12, batchSize: 10 });
  taught[task.name] = { tasks: [task], sharing, model: await trainer.model() };
  trainer.dispose();
}

/** Weights that depend on the losses, so that it matters which losses it sees. */
const softmaxOfLosses = defineLossWeighting({
  name: 'softmax-of-losses',
  bind: () => ({
    scalarize: (losses, active) => tf.sum(tf.mul(tf.mul(tf.softmax(losses), losses), active)),
  }),
});

const options = (term?: ReturnType<typeof distill>, balancing?: typeof softmaxOfLosses) => ({
  tasks: tasks as readonly AnyTask[],
  sharing,
  balancing,
  auxiliary: term === undefined ? [] : [term],
});

describe.each([undefined, softmaxOfLosses])('under %j', (balancing) => {
  test('labels alone change nothing, bit for bit', async () => {
    const fit = { epochs: 3, batchSize: 8 };
    const plain = await trained(options(undefined, balancing), data, fit, modelValues);
    const term = distill({ teachers: taught, labelShare: 1, unlabelled: true });
    expect(await trained(options(term, balancing), data, fit, modelValues)).toEqual(plain);
    // Negative control: half a teacher is something else.
    const half = distill({ teachers: taught, labelShare: 0.5 });
    expect(await trained(options(half, balancing), data, fit, modelValues)).not.toEqual(plain);
  });
});

test('a teacher alone pulls its student to its own predictions, wherever labels are', async () => {
  // The teacher of `size` has learned its opposite.
  const { model } = taught.size as FrozenModel;
  const { mean } = model.constants.size as { mean: number };
  const turned = Object.fromEntries(
    Object.entries(model.variables).map(([path, { data: numbers, shape }]) => [
      path,
      path.startsWith('heads/') ? { data: numbers.map((value) => -value), shape } : { data: numbers, shape },
    ]),
  );
  const wrong: FrozenModel = { ...(taught.size as FrozenModel), model: { ...model, variables: turned } };
  const only = [tasks[2]] as readonly AnyTask[];
  const correlation = (term?: ReturnType<typeof distill>) =>
    trained(
      {
        tasks: only,
        sharing: plainSharing(mlp([6])),
        auxiliary: term === undefined ? [] : [term],
        optimizer: sgd({ learningRate: 0.1 }),
      },
      data,
      { epochs: 30, batchSize: 30 },
      async (trainer) => {
        const found = (await trainer.predict({ x: { data: x, shape: [rows, 4] } })).size as readonly number[];
        return found.reduce((sum, value, row) => sum + (value - mean) * ((columns.size[row] as number) - mean), 0);
      },
    );
  expect(await correlation()).toBeGreaterThan(0);
  expect(await correlation(distill({ teachers: { size: wrong }, labelShare: 0 }))).toBeLessThan(0);
});

test('labels take over with the steps of the run', () => {
  const bound = distill({ teachers: taught }).bind({ tasks } as never);
  const share = (step: number, totalSteps: number | null) =>
    bound.feeds?.({ step, totalSteps } as never).share?.data[0];
  expect([share(0, 8), share(2, 8), share(8, 8), share(9, 8), share(3, null)]).toEqual([0, 0.25, 1, 1, 0.5]);
});

test('the term is the mean over rows without a label, and 0 without any', async () => {
  const run = (unlabelled: boolean, names: string[]) =>
    trained(
      options(distill({ teachers: taught, tasks: names, labelShare: 0, unlabelled })),
      data,
      { epochs: 1, batchSize: rows },
      (_, events) => events[0]?.terms.distill,
    );
  expect(await run(false, ['kind'])).toBe(0);
  expect(await run(true, ['size'])).toBe(0);
  expect(await run(true, ['kind'])).toBeGreaterThan(0);
});

test('goes on from a checkpoint, and is made of plain options', async () => {
  const term = () => options(distill({ teachers: taught, unlabelled: true }), softmaxOfLosses);
  await expectResumes(term, data, { epochs: 3, batchSize: 8 }, [5]);
  expect(distill({ teachers: taught }).options).toEqual({
    labelShare: 'anneal',
    unlabelled: false,
    weight: 1,
    updateEvery: 1,
  });
});

test('asks teachers by the executor of the run, unless they have one of their own', async () => {
  const opened: string[] = [];
  const watched = (name: string) =>
    defineExecutor({
      name,
      open(layout) {
        opened.push(name);
        return eager().open(layout);
      },
    });
  const own: FrozenModel = { ...(taught.size as FrozenModel), executor: watched('own') };
  const term = distill({ teachers: { ...taught, size: own } });
  const executor = watched('run');
  await trained({ ...options(term), executor }, data, { epochs: 1 }, () => {});
  // The run itself, its teachers, and the one that says how.
  expect(opened.filter((name) => name === 'own')).toEqual(['own']);
  expect(opened.filter((name) => name === 'run').length).toBe(
    1 + new Set(Object.values({ ...taught, size: own })).size - 1,
  );
});

test('waits for teachers that are to be trained first', async () => {
  const waiting = distill({ teachers: 'single-task', labelShare: 0.5 });
  await expect(trained(options(waiting), data, { epochs: 1 }, () => {})).rejects.toThrow(/have to be trained first/);
  const ready = waiting.withTeachers?.(taught);
  expect(ready?.withTeachers).toBeUndefined();
  expect(ready?.options).toMatchObject({ labelShare: 0.5 });
  await trained(options(ready as never), data, { epochs: 1 }, (_, events) => expect(events.length).toBe(1));
});

test('refuses tasks without a teacher, tasks that are not there, and teachers of another form', async () => {
  const { size, ...others } = taught;
  const go = (term: ReturnType<typeof distill>) => trained(options(term), data, { epochs: 1 }, () => {});
  await expect(go(distill({ teachers: others }))).rejects.toThrow('There is no teacher of task named `size`');
  await expect(go(distill({ teachers: taught, tasks: ['sise'] }))).rejects.toThrow('Did you mean `size`?');
  const other = {
    ...taught,
    kind: { ...(taught.size as FrozenModel), tasks: [classification('kind', { classes: 4 })] },
  };
  await expect(go(distill({ teachers: other }))).rejects.toThrow(/another|other/);
  expect(() => distill({ teachers: {} })).toThrow('single-task, or trained models by task');
  expect(size).toBeDefined();
});

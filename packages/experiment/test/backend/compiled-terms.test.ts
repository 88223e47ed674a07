// Every auxiliary objective by which tasks help each other, compiled as strict: terms, what they log and say of rows, labels, parameters.
import { compiled } from '@polytask/compiler';
import * as complementarity from '@polytask/complementarity';
import {
  type AuxiliaryObjective,
  binary,
  classification,
  createTrainer,
  describedParts,
  type Executor,
  type FrozenModel,
  fusion,
  mlp,
  regression,
  sgd,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';

const { consistency, cycle, exclusion, implication, ordering, pathIndependence, sumTo } = complementarity;
const { meanTeacher, piModel, viewAdversarial } = complementarity;
const { coRegression, coTraining, deepCoTraining, mutualLearning, partialLabels, pseudoLabels } = complementarity;
const { distill, featureDistillation } = complementarity;

beforeAll(() => tf.setBackend('cpu'));

const tasks = [
  ...[classification('left', { classes: 3 }), classification('right', { classes: 3 }), binary('dry')],
  ...[regression('low'), regression('high')],
];
const rows = 32;
/** A task lacks a label in one row of four; in one of eight, and in a whole batch, there is none at all. */
const isUnknown = (row: number) => row % 8 === 7 || (row >= 8 && row < 16);
const labels = (name: string, missing: number) =>
  uniformFloats(rows, 'labels', name).map((value, row) => (row % 4 === missing || isUnknown(row) ? Number.NaN : value));
const ids = (name: string, missing: number) =>
  Int32Array.from(labels(name, missing), (value) => (Number.isNaN(value) ? -1 : Math.floor(3 * value)));
const data = tableDataset({
  inputs: {
    x: { data: uniformFloats(rows * 4, 'x'), shape: [rows, 4] },
    image: { data: uniformFloats(rows * 9, 'image'), shape: [rows, 3, 3, 1] },
  },
  columns: {
    ...{ left: ids('left', 0), right: ids('right', 1), dry: labels('dry', 2).map(Math.round) },
    ...{ low: labels('low', 3), high: labels('high', 0) },
  },
});

const pair: [string, string] = ['left', 'right'];
const sharing = hardSharing({ encoder: fusion({ x: mlp([4]), image: mlp([4], { activation: 'tanh' }) }) });
const refuse = (message: string) => {
  throw new Error(message);
};

const groups: Record<string, () => Promise<readonly AuxiliaryObjective[]>> = {
  'constraints and views': async () => [
    consistency({ from: 'left', to: 'right', map: [1, 2, 0], loss: 'kl', multipliers: { rate: 0.1 } }),
    consistency({ from: 'dry', to: 'high', map: [0.2, 0.8], loss: 'huber', rows: 'lacking-one', stopGradient: 'from' }),
    implication({ if: { task: 'left', class: 1 }, implies: 'dry', rows: 'labelled', ramp: 2 }),
    exclusion({ events: ['dry', { task: 'right', class: 0 }], loss: 'absolute-error', rows: 'unlabelled' }),
    ordering({ tasks: ['high', 'low'], margin: 0.1 }),
    sumTo({ parts: pair, total: 'left', modulo: 3 }),
    cycle({ from: 'low', to: 'high', forth: { scale: 2 }, back: { scale: 0.5 } }),
    pathIndependence({ to: 'high', paths: [{ from: 'low' }, { from: 'right', map: [0, 0.5, 1] }] }),
    piModel({ view: { noise: 0.1, masking: 0.2, dropout: 0.3, shift: 1 } }),
    meanTeacher({ decay: 0.5, updateEvery: 2, view: { noise: 0.1 }, loss: 'kl' }),
    viewAdversarial({ epsilon: 0.2, powerSteps: 2 }),
    viewAdversarial({ epsilon: 0.1, direction: 'labels', loss: 'squared-error' }),
  ],
  'teachers and labels': async () => {
    const teachers = Object.fromEntries(await Promise.all(tasks.map(async (task) => [task.name, await teacher(task)])));
    return [
      coTraining({ tasks: pair, every: 1, perRound: [1, 1, 1], least: 0, warn: () => {} }),
      coRegression({ tasks: ['low', 'high'], neighbours: 3 }),
      deepCoTraining({ tasks: pair, rampUp: 0 }),
      mutualLearning({ tasks: pair }),
      pseudoLabels({ threshold: 0.35 }),
      partialLabels({ units: 3, pairs: [['left', 'low']] }),
      distill({ teachers, unlabelled: true }),
      featureDistillation({ teachers, learningRate: 0.02 }),
    ];
  },
};

/** A network that has learned one task. */
async function teacher(task: (typeof tasks)[number]): Promise<FrozenModel> {
  const trainer = await createTrainer({ tasks: [task], sharing, seed: 9 });
  try {
    await trainer.fit(data, { epochs: 1 });
    return { tasks: [task], sharing, model: await trainer.model() };
  } finally {
    trainer.dispose();
  }
}

async function trained(auxiliary: readonly AuxiliaryObjective[], executor: Executor) {
  const optimizer = sgd({ learningRate: 0.02 });
  const trainer = await createTrainer({ tasks, sharing, auxiliary, optimizer, executor, seed: 4 });
  await trainer.fit(data, { epochs: 3, batchSize: 8, shuffle: false });
  expect(trainer.history).toMatchObject({ steps: 12, skipped: 0 });
  const { auxiliary: terms, logged } = trainer.history ?? {};
  const inspected = (await trainer.inspect(data.gather([0, 1, 2]).inputs)).intermediates;
  const found: Record<string, readonly number[]> = { ...terms, ...logged };
  for (const [name, { data: values }] of Object.entries(inspected)) found[`row ${name}`] = [...values];
  for (const { path } of trainer.parameters?.layout.segments ?? []) {
    found[`parameter ${path}`] = Array.from((await trainer.parameters?.read(path))?.data ?? []);
  }
  trainer.dispose();
  return found;
}

it('knows all that the package has', async () => {
  const described = [...describedParts(complementarity).values()];
  const known = described.flatMap(({ kind, name }) => (kind === 'auxiliary' ? [name] : []));
  const tried = (await Promise.all(Object.values(groups).map((make) => make()))).flat().map(({ name }) => name);
  expect(known.length).toBeGreaterThan(10);
  expect([...new Set(tried)].sort()).toEqual(known.sort());
});

it.each(Object.entries(groups))('%s are the same compiled as strict', async (_, make) => {
  const auxiliary = await make();
  const expected = await trained(auxiliary, strict());
  const found = await trained(auxiliary, compiled({ threads: 1, onFallback: refuse }));
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  expect(Object.keys(found).length).toBeGreaterThan(auxiliary.length * 2);
  for (const [name, values] of Object.entries(expected)) {
    expect(found[name]?.length, name).toBe(values.length);
    values.forEach((value, i) => void expect(found[name]?.[i], name).toBeCloseTo(value, 3));
  }
});

// Constraints and views in compiled steps: the same numbers as step by step.
import { compiled } from '@polytask/compiler';
import {
  consistency,
  cycle,
  exclusion,
  implication,
  meanTeacher,
  ordering,
  pathIndependence,
  piModel,
  sumTo,
  viewAdversarial,
} from '@polytask/complementarity';
import {
  type AuxiliaryObjective,
  binary,
  classification,
  createTrainer,
  type Executor,
  eager,
  fusion,
  mlp,
  regression,
  sgd,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const tasks = [
  ...[classification('left', { classes: 3 }), classification('right', { classes: 3 }), binary('dry')],
  ...[regression('low'), regression('high')],
];
const rows = 16;
const labels = (name: string, missing: number) =>
  uniformFloats(rows, 'labels', name).map((value, row) => (row % 4 === missing ? Number.NaN : value));
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

const parts: readonly AuxiliaryObjective[] = [
  consistency({ from: 'left', to: 'right', map: [1, 2, 0], loss: 'kl', multipliers: { rate: 0.1 } }),
  consistency({ from: 'dry', to: 'high', map: [0.2, 0.8], loss: 'huber', rows: 'lacking-one', stopGradient: 'from' }),
  implication({ if: { task: 'left', class: 1 }, implies: 'dry', rows: 'labelled', ramp: 2 }),
  exclusion({ events: ['dry', { task: 'right', class: 0 }], loss: 'absolute-error', rows: 'unlabelled' }),
  ordering({ tasks: ['high', 'low'], margin: 0.1 }),
  sumTo({ parts: ['left', 'right'], total: 'left', modulo: 3 }),
  cycle({ from: 'low', to: 'high', forth: { scale: 2 }, back: { scale: 0.5 } }),
  pathIndependence({ to: 'high', paths: [{ from: 'low' }, { from: 'right', map: [0, 0.5, 1] }] }),
  piModel({ view: { noise: 0.1, masking: 0.2, dropout: 0.3, shift: 1 } }),
  meanTeacher({ decay: 0.5, updateEvery: 2, view: { noise: 0.1 }, loss: 'kl' }),
  viewAdversarial({ epsilon: 0.2, powerSteps: 2 }),
  viewAdversarial({ epsilon: 0.1, direction: 'labels', loss: 'squared-error' }),
];

async function trained(executor: Executor) {
  const trainer = await createTrainer({
    tasks,
    sharing: hardSharing({ encoder: fusion({ x: mlp([4]), image: mlp([4], { activation: 'tanh' }) }) }),
    auxiliary: parts,
    optimizer: sgd({ learningRate: 0.02 }),
    executor,
    seed: 4,
  });
  await trainer.fit(data, { epochs: 3, batchSize: 8 });
  const { auxiliary, logged } = trainer.history ?? {};
  const inspected = (await trainer.inspect(data.gather([0, 1, 2]).inputs)).intermediates;
  trainer.dispose();
  return {
    ...auxiliary,
    ...logged,
    ...Object.fromEntries(Object.entries(inspected).map(([name, { data: found }]) => [`row ${name}`, [...found]])),
  };
}

it('gives the same terms, violations and multipliers', async () => {
  const [expected, found] = [await trained(eager()), await trained(compiled({ threads: 1 }))];
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  expect(Object.keys(found).length).toBeGreaterThan(parts.length * 2);
  for (const [name, values] of Object.entries(expected)) {
    values.forEach((value, i) => void expect(found[name]?.[i], name).toBeCloseTo(value, 3));
  }
});

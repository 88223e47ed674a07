// How far the ways to a prediction lie apart says which rows are wrong, on data whose truth is known, without a label of these rows.
import { adam, createTrainer, type HostTensor, mlp, spearman } from '@polytask/core';
import { plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { pathIndependence } from '../../src/constraints/path-independence.js';
import { knownTruth, tie, tiedTasks } from '../known-truth.js';

beforeAll(() => tf.setBackend('cpu'));

/** Spearman's rank correlation. */
function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const running = spearman().start();
  const column = (values: ArrayLike<number>) => ({ data: Float32Array.from(values), shape: [values.length] });
  running.update({ predictions: column(a), targets: column(b), weights: new Float32Array(a.length).fill(1) });
  return running.result() as number;
}

it.each([1, 2])('energy ranks rows by their errors (%i)', async (seed) => {
  const { train, test } = knownTruth(seed, 600);
  const energetic = pathIndependence({ to: 'group', paths: [{ from: 'kind', map: tie }], weight: 0.1 });
  const trainer = await createTrainer({
    tasks: tiedTasks(),
    sharing: plainSharing(mlp([16])),
    auxiliary: [energetic],
    optimizer: adam({ learningRate: 0.05 }),
    seed,
  });
  await trainer.fit(train, { epochs: 10, batchSize: 300 });
  const rows = test.gather(Array.from({ length: test.size }, (_, row) => row));
  const { intermediates } = await trainer.inspect(rows.inputs);
  const { 'prediction/group': said } = (await trainer.forward(rows.inputs, ['prediction/group'])) as Record<
    string,
    HostTensor
  >;
  const { data: energy } = intermediates['path-independence/energy'] as HostTensor;
  const { data: truth } = rows.columns.group as HostTensor;
  // What is missing from certainty of the true class.
  const errors = Array.from(truth, (label, row) => 1 - (said?.data[4 * row + label] as number));
  trainer.dispose();

  expect(rankCorrelation(energy, errors)).toBeGreaterThan(0.5);
  // Of the tenth of highest energy most are wrong, of that of the lowest nearly none.
  const order = Array.from(energy.keys()).sort((a, b) => (energy[a] as number) - (energy[b] as number));
  const wrong = (chosen: readonly number[]) => chosen.filter((row) => (errors[row] as number) > 0.5).length;
  const tenth = test.size / 10;
  expect(wrong(order.slice(-tenth))).toBeGreaterThan(tenth / 2);
  expect(wrong(order.slice(0, tenth))).toBeLessThan(tenth / 10);
});

import { type AnyTask, classification, mlp, type Trainer, tableDataset, uniformFloats } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { expectResumes, trained } from './support/runs.js';

const rows = 24;
const x = uniformFloats(rows * 2, 'overlays').map((value) => 2 * value - 1);
const above = Int32Array.from({ length: rows }, (_, row) =>
  (x[2 * row] as number) > (x[2 * row + 1] as number) ? 1 : 0,
);
// A quarter of the labels of `above` is known.
const partly = above.map((label, row) => (row % 4 === 0 ? label : -1));
const quarter = Int32Array.from(
  { length: rows },
  (_, row) => ((x[2 * row] as number) > 0 ? 2 : 0) + ((x[2 * row + 1] as number) > 0 ? 1 : 0),
);
const train = tableDataset({
  inputs: { x: { data: x, shape: [rows, 2] } },
  columns: { above: partly, quarter },
});
const tasks = [classification('above', { classes: 2 }), classification('quarter', { classes: 4 })];
const options = () => ({ tasks, sharing: tinySharing(mlp([8])) });
const unlabelled = Int32Array.from({ length: rows }, (_, row) => row).filter((row) => row % 4 !== 0);

/** After every epoch but the first: what the model thinks of the unlabelled rows becomes their label, trusted as far as it is sure. */
const selfTraining = (trainer: Trainer<readonly AnyTask[]>) => [
  {
    async epochEnd({ epoch }: { epoch: number }) {
      if (epoch < 2) return;
      const inputs = train.gather(unlabelled).inputs;
      const { above: predictions = [] } = (await trainer.predict(inputs)) as {
        above?: readonly { probabilities: readonly number[]; probability: number }[];
      };
      trainer.labels.setOverlay('above', {
        ids: unlabelled,
        targets: {
          data: Float32Array.from(predictions.flatMap(({ probabilities }) => probabilities)),
          shape: [unlabelled.length, 2],
        },
        weights: Float32Array.from(predictions, ({ probability }) => 2 * probability - 1),
      });
    },
  },
];

test('labels laid over between epochs are what the next epoch learns from', async () => {
  const losses: number[] = [];
  let taught: readonly { index: number }[] = [];
  await trained(options(), train, { epochs: 1, batchSize: rows, shuffle: false }, ({ trainer }) => {
    losses.push(trainer.history?.tasks.above?.trainLoss[0] ?? 0);
  });
  const lie = {
    epochEnd(_: unknown, labels: Trainer<readonly AnyTask[]>['labels']) {
      // All rows get the opposite class, as distributions.
      const targets = { data: Float32Array.from([...above].flatMap((label) => [label, 1 - label])), shape: [rows, 2] };
      labels.setOverlay('above', { ids: Int32Array.from({ length: rows }, (_, row) => row), targets });
    },
  };
  await trained(options(), train, { epochs: 200, batchSize: rows, callbacks: [lie] }, async ({ trainer }) => {
    taught = ((await trainer.predict({ x: { data: x, shape: [rows, 2] } })) as { above: readonly { index: number }[] })
      .above;
  });
  const opposite = taught.filter(({ index }, row) => index === 1 - (above[row] as number)).length;
  expect(opposite).toBeGreaterThan(0.75 * rows);
  expect(losses[0]).toBeGreaterThan(0);
});

test('pseudo-labels are in the checkpoint: a run of self-training resumes', async () => {
  await expectResumes(options, train, { epochs: 5, batchSize: 8 }, 10, selfTraining);
  await expectResumes(options, train, { epochs: 5, batchSize: 8 }, 9, selfTraining);
});

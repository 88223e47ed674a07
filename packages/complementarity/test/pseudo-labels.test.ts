import {
  type AnyTask,
  adam,
  binary,
  classification,
  mlp,
  multiLabel,
  regression,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { pseudoLabels } from '../src/pseudo-labels.js';
import { expectResumes, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

for (const { name, run } of conformance('auxiliary', pseudoLabels, { claims: ['non-negative'] })) test(name, run);

/** The term of a batch whose predictions are given by hand. */
function termOf(threshold: number, weights: readonly number[], probabilities: number[][]) {
  const task = classification('a', { classes: 2 });
  const bound = pseudoLabels({ threshold }).bind({ tasks: [task] } as never);
  const clean = { outputs: { a: { logits: tf.log(tf.tensor2d(probabilities)) } } };
  const found = bound.loss({
    batch: { inputs: {}, weights: { a: tf.tensor1d([...weights]) } },
    feeds: { counts: tf.scalar(1) },
    forward: () => clean,
    predict: () => task.predict(clean.outputs.a, {}),
    rowLosses: (_: string, __: unknown, target: tf.Tensor) => task.loss(clean.outputs.a, target, {}),
  } as never) as { loss: tf.Tensor; logged: { kept: tf.Tensor } };
  return { loss: found.loss.dataSync()[0] as number, kept: found.logged.kept.dataSync()[0] as number };
}

test('is the mean over all rows without a label, whether they are kept or not', () => {
  tf.tidy(() => {
    const probabilities = [
      [0.9, 0.1],
      [0.2, 0.8],
      [0.6, 0.4],
      [0.99, 0.01],
    ];
    const { loss, kept } = termOf(0.75, [0, 0, 0, 1], probabilities);
    expect(loss).toBeCloseTo((-Math.log(0.9) - Math.log(0.8)) / 3, 5);
    expect(kept).toBeCloseTo(2 / 3, 6);
    // What is kept depends on the threshold, and the mean stays over three rows.
    expect(termOf(0.85, [0, 0, 0, 1], probabilities).loss).toBeCloseTo(-Math.log(0.9) / 3, 5);
    expect(termOf(0.75, [1, 1, 1, 1], probabilities)).toEqual({ loss: 0, kept: 0 });
  });
});

const rows = 40;
const x = uniformFloats(rows * 2, 'pseudo').map((value) => 2 * value - 1);
const sign = (row: number) => ((x[2 * row] as number) > 0 ? 1 : 0);
const data = tableDataset({
  inputs: { x: { data: x, shape: [rows, 2] } },
  columns: {
    kind: Int32Array.from({ length: rows }, (_, row) => (row % 10 === 0 ? sign(row) : -1)),
    yes: Float32Array.from({ length: rows }, (_, row) => (row % 2 === 0 ? sign(row) : Number.NaN)),
    size: x.filter((_, i) => i % 2 === 1),
  },
});
const tasks: readonly AnyTask[] = [classification('kind', { classes: 2 }), binary('yes'), regression('size')];
const options = (term: ReturnType<typeof pseudoLabels>) => ({
  tasks,
  sharing: plainSharing(mlp([8], { dropout: 0.2, batchNorm: true })),
  auxiliary: [term],
  optimizer: adam({ learningRate: 0.03 }),
});

test('waits as long as it is to, keeps more as the model grows surer, and resumes', async () => {
  const term = pseudoLabels({ after: 2, threshold: 0.7 });
  await trained(options(term), data, { epochs: 25, batchSize: 20 }, (trainer, events) => {
    expect(events.slice(0, 4).map(({ terms }) => terms['pseudo-labels'])).toEqual([0, 0, 0, 0]);
    expect(events.slice(-6).some(({ terms }) => (terms['pseudo-labels'] as number) > 0)).toBe(true);
    const kept = trainer.history?.logged['pseudo-labels/kept'] ?? [];
    expect(kept.at(-1)).toBeGreaterThan(kept[0] as number);
  });
  await expectResumes(() => options(pseudoLabels({ threshold: 0.55 })), data, { epochs: 3, batchSize: 16 }, [4]);
});

test('passes over tasks that answer otherwise, and refuses them where they are named', async () => {
  const go = (names?: string[]) => trained(options(pseudoLabels({ tasks: names })), data, { epochs: 1 }, () => {});
  await go();
  await expect(go(['size'])).rejects.toThrow('`size` is of type `regression`');
  const labels = multiLabel('tags', { labels: ['a', 'b'] });
  expect(() => pseudoLabels({ tasks: ['tags'] }).bind({ tasks: [labels] } as never)).toThrow('`multi-label`');
});

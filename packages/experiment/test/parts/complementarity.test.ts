// Constraints in run files: by the names of tasks, refused at their place, and looked at in a model that is loaded again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eager, hostTensor } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { InputError, readSavedModel, runExperiment } from '../../src/index.js';

const config = (auxiliary: readonly object[], epochs = 2) => ({
  data: { use: 'multimnist', size: { train: 96, test: 16 }, labelled: { left: 48 } },
  tasks: [
    { name: 'left', type: 'classification', classes: 10 },
    { name: 'right', type: 'classification', classes: 10 },
    { name: 'sum', type: 'classification', classes: 5 },
  ],
  sharing: { use: 'hard-sharing', encoder: { use: 'mlp', units: [8] } },
  auxiliary,
  training: { epochs, batchSize: 32 },
  backend: 'cpu',
});

const sum = { use: 'sum-to', parts: ['left', 'right'], total: 'sum', modulo: 5 };
const odd = { use: 'consistency', from: 'left', to: 'right', map: [9, 8, 7, 6, 5, 4, 3, 2, 1, 0] };

async function mistakesOf(auxiliary: readonly object[]): Promise<string[]> {
  const error = await runExperiment(config(auxiliary), { folder: folderWith() }).catch((reason: unknown) => reason);
  if (!(error instanceof InputError)) throw error;
  return error.mistakes.map(({ where, message }) => `${where} ${message}`);
}

describe('constraints in run files', () => {
  it('are recorded by violation, and found in the model that is loaded again', async () => {
    const folder = folderWith();
    const multipliers = { rate: 0.5 };
    await runExperiment(config([sum, odd, { ...odd, multipliers, ramp: 1 }]), { folder, output: 'run' });
    const epochs = readFileSync(join(folder, 'run/metrics.jsonl'), 'utf8').trim().split('\n');
    const { logged, auxiliary } = JSON.parse(epochs.at(-1) as string);
    expect(Object.keys(auxiliary)).toEqual(['sum-to', 'consistency', 'consistency-2']);
    expect(logged['sum-to/violation']).toBeGreaterThan(0);
    expect(logged['consistency-2/violation']).toBeCloseTo(logged['consistency/violation'], 6);
    expect(logged['consistency-2/multiplier']).toBeGreaterThan(0);

    const saved = await readSavedModel({ folder: 'run', cwd: folder });
    const inputs = { image: hostTensor(new Float32Array(784 * 2).fill(0.5), [2, 784]) };
    const trainer = await saved.build(eager(), true);
    const { intermediates } = await trainer.inspect(inputs);
    const predicted = (await trainer.predict(inputs)) as Record<string, { probabilities: number[] }[]>;
    trainer.dispose();
    const [left, right] = [predicted.left?.[0]?.probabilities ?? [], predicted.right?.[0]?.probabilities ?? []];
    const apart =
      left.reduce((total, value, digit) => total + Math.abs(value - (right[9 - digit] ?? Number.NaN)), 0) / 2;
    expect(intermediates['consistency/violation']?.data[0]).toBeCloseTo(apart, 5);
    expect(Object.keys(intermediates)).toEqual(expect.arrayContaining(['sum-to/violation', 'consistency-2/violation']));

    // Who only predicts has no use for them.
    const plain = await saved.build(eager());
    expect(Object.keys((await plain.inspect(inputs)).intermediates)).not.toContain('sum-to/violation');
    plain.dispose();
  });

  it('are refused at their place', async () => {
    expect([
      ...(await mistakesOf([{ ...sum, parts: ['left', 'rigth'] }])),
      ...(await mistakesOf([odd, { ...odd, to: 'sum' }])),
      ...(await mistakesOf([{ use: 'ordering', tasks: ['left', 'sum'] }])),
      ...(await mistakesOf([{ ...odd, map: { scale: 2, ofset: 1 } }])),
      ...(await mistakesOf([{ ...sum, modulo: 4 }])),
    ]).toEqual([
      'experiment:43:9 there is no task `rigth`; expected one of left, right, sum. Did you mean `right`?',
      'experiment:61:9 Option `map[0]` must be the id of a class of task `sum`, 0 to 4, but is 9.',
      'experiment:42:9 Option `tasks[0]` must be a task of numbers, but is "left". `left` is a task with 10 classes.',
      expect.stringMatching(/^experiment:43:14 There is no class of task `left` named `scale`; there are `0`, `1`/),
      expect.stringContaining('Option `total` must be a task with 4 classes, as many as `modulo` says'),
    ]);
  });
});

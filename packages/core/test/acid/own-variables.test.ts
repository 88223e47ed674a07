import { mlp, sgd } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { noisyRegression } from './methods/noisy-regression.js';
import { pcgrad } from './methods/pcgrad.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable } from './support/toy-data.js';

const names = ['a', 'b'];
const tasks = names.map(noisyRegression);
const train = toyTable(names, 16, { b: (row) => row < 8 });

test('variables of a task are its own, learn with the run, stand still while it is absent, and reach predictions', async () => {
  const options = { tasks, sharing: tinySharing(mlp([6])), optimizer: sgd({ learningRate: 0.5 }) };
  const seen: Record<string, number[]>[] = [];
  await trained(options, train, { epochs: 1, batchSize: 8, shuffle: false }, async ({ values, trainer, events }) => {
    seen.push(values);
    const { segments } = trainer.parameters?.layout ?? { segments: [] };
    expect(segments.find(({ path }) => path === 'tasks/a/logVariance')?.usedBy).toEqual(['a']);
    const [{ losses: first = {} } = {}] = events;
    expect(first.b).toBeNaN();
    const { b } = (await trainer.predict({ x: { data: new Float32Array(8), shape: [2, 4] } })) as { b: number[][] };
    const noise = Math.exp(values['tasks/b/logVariance']?.[0] as number);
    expectClose(
      b.map(([, variance]) => variance as number),
      [noise, noise],
    );
    // One step of SGD from s = 0: ½ (1 − mean squared error), and the loss of that step is half that error.
    const second = events[1]?.losses.b as number;
    expectClose(values['tasks/b/logVariance'], [-0.5 * 0.5 * (1 - 2 * second)]);
  });
  expect(seen[0]?.['tasks/a/logVariance']).not.toEqual([0]);
});

test('tasks with variables resume, under gradient balancing too', async () => {
  const options = () => ({ tasks, sharing: tinySharing(), balancing: pcgrad() });
  await expectResumes(options, train, { epochs: 2, batchSize: 4 }, 5);
});

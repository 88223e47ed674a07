import { createTrainer, mlp, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { lookaheadAffinity } from './methods/lookahead-affinity.js';
import { meanTeacher } from './methods/mean-teacher.js';
import { modo } from './methods/modo.js';
import { pcgrad } from './methods/pcgrad.js';
import { uncertaintyWeighting } from './methods/uncertainty-weighting.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, type RunOptions, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b'];
const tasks = toyTasks(...names);
const train = toyTable(names, 16, { b: (row) => row < 4 });
const sharing = () => tinySharing(mlp([6], { dropout: 0.3, batchNorm: true, activation: 'tanh' }));

test('lookahead affinity as an observer: the golden values, beside any balancing', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const options = { ...problem, optimizer: sgd({ learningRate: 0.1 }), observers: [lookaheadAffinity()] };
  await trained(options, data, { epochs: 1, batchSize: 2 }, ({ trainer }) => {
    const seen = trainer.observations()['lookahead-affinity'] as { affinity: number[]; looks: number; steps: number };
    expectClose(seen.affinity, [(0.1 * 18) / 2, (0.1 * -22) / 3, (0.1 * -22) / 2, (0.1 * 38) / 3]);
    expect(seen).toMatchObject({ looks: 1, steps: 1, gramians: 0 });
    expect(trainer.history?.logged).toEqual({ 'lookahead-affinity/looks': [1] });
  });
});

const runs: [string, () => RunOptions][] = [
  ['a loss weighting', () => ({ tasks, sharing: sharing(), balancing: uncertaintyWeighting() })],
  ['PCGrad and a mean teacher', () => ({ tasks, sharing: sharing(), balancing: pcgrad(), auxiliary: [meanTeacher()] })],
  ['a plan that draws further batches', () => ({ tasks, sharing: sharing(), balancing: modo() })],
];

test.each(runs)('observers change nothing, bit for bit, beside %s', async (_, options) => {
  const ends: unknown[] = [];
  for (const observers of [[], [lookaheadAffinity({ interval: 2 }), lookaheadAffinity()]]) {
    await trained({ ...options(), observers }, train, { epochs: 2, batchSize: 4 }, (run) => {
      const { seconds: __, logged, ...history } = run.trainer.history ?? ({} as never);
      const { tensors, state } = run.checkpoint;
      const losses = run.events.map((event) => [event.losses, event.weights, event.terms]);
      ends.push({ values: run.values, tensors, history, losses, drawn: state.drawn, sums: history.steps });
      if (observers.length > 0) {
        expect(run.trainer.observations()).toMatchObject({
          'lookahead-affinity': { looks: 4, steps: 8 },
          'lookahead-affinity-2': { looks: 8, steps: 8 },
        });
        expect(Object.keys(logged)).toContain('lookahead-affinity-2/looks');
      }
    });
  }
  expect(ends[1]).toEqual(ends[0]);
});

test('observers resume, and a run may go on without them', async () => {
  const [, [, options]] = runs as [unknown, (typeof runs)[number]];
  const observed = () => ({ ...options(), observers: [lookaheadAffinity({ interval: 3 })] });
  await expectResumes(observed, train, { epochs: 2, batchSize: 4 }, 5);
  const trainer = await createTrainer(observed());
  await trainer.fit(train, { epochs: 1, batchSize: 4 });
  const checkpoint = await trainer.checkpoint();
  trainer.dispose();
  const plain = await createTrainer(options());
  await plain.restore(checkpoint);
  await plain.fit(train, { epochs: 2, batchSize: 4 });
  expect(plain.observations()).toEqual({});
  plain.dispose();
});

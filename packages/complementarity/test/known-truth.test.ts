// Two tasks tied by a known map, each with a label in one row of twenty: what the constraint is worth, and what a wrong map costs.
// `npm run bench -- complementarity` has the same with more rows and ten seeds.
import { type AuxiliaryObjective, adam, createTrainer, mlp } from '@polytask/core';
import { plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { consistency } from '../src/constraints/consistency.js';
import { knownTruth, tie, tiedTasks, wrongTie } from './known-truth.js';

beforeAll(() => tf.setBackend('cpu'));

const seeds = [1, 2, 3];
const tied = (map: readonly number[]) => consistency({ from: 'kind', to: 'group', map, loss: 'kl' });

/** Accuracies on rows that were not trained on, and what the history says in the end. */
async function trained(auxiliary: AuxiliaryObjective[], seed: number) {
  const { train, test } = knownTruth(seed, 600);
  const trainer = await createTrainer({
    tasks: tiedTasks(),
    sharing: plainSharing(mlp([16])),
    auxiliary,
    optimizer: adam({ learningRate: 0.05 }),
    seed,
  });
  await trainer.fit(train, { epochs: 20, batchSize: 300 });
  const { tasks } = await trainer.evaluate(test);
  const accuracy = (name: string) =>
    (tasks as unknown as Record<string, { accuracy: number }>)[name]?.accuracy ?? Number.NaN;
  const { logged = {}, tasks: course = {} } = trainer.history ?? {};
  const violations = logged['consistency/violation'] ?? [];
  const loss = (course as Record<string, { trainLoss: number[] }>).kind?.trainLoss.at(-1) ?? Number.NaN;
  trainer.dispose();
  return { kind: accuracy('kind'), group: accuracy('group'), violations, loss };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
function spread(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) * (values.length / (values.length - 1)));
}

it('a true constraint helps both tasks beyond the spread; a wrong one hurts, and says so', async () => {
  const all = async (parts: () => AuxiliaryObjective[]) => {
    const found = [];
    for (const seed of seeds) found.push(await trained(parts(), seed));
    return found;
  };
  const [plain, right, wrong] = [await all(() => []), await all(() => [tied(tie)]), await all(() => [tied(wrongTie)])];
  const of = (runs: typeof plain, task: 'kind' | 'group') => runs.map((run) => run[task]);

  // In every run; and on average by more than runs differ among themselves.
  for (const task of ['kind', 'group'] as const) {
    of(right, task).forEach((accuracy, i) => void expect(accuracy).toBeGreaterThan(of(plain, task)[i] as number));
  }
  const gain = mean(of(right, 'group')) - mean(of(plain, 'group'));
  expect(gain).toBeGreaterThan(Math.max(spread(of(right, 'group')), spread(of(plain, 'group'))));
  of(wrong, 'kind').forEach(
    (accuracy, i) => void expect(accuracy).toBeLessThan((of(plain, 'kind')[i] as number) - 0.1),
  );

  // The history tells the two apart without any label that was held back: violations stay high, and the loss of a task does.
  seeds.forEach((_, i) => {
    const [held, broken] = [right[i]?.violations ?? [], wrong[i]?.violations ?? []];
    const [before, after] = [broken[0] as number, broken.at(-1) as number];
    expect(held.at(-1)).toBeLessThan(held[0] as number);
    expect(after).toBeGreaterThan(before);
    expect(after).toBeGreaterThan(2 * (held.at(-1) as number));
    expect(wrong[i]?.loss).toBeGreaterThan(3 * (right[i]?.loss as number));
  });
});

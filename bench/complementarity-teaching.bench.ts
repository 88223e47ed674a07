// Two views of a row that tell of one class, and labels for one row in twenty: what the methods by which tasks teach each other make of it.
//   BENCH_SEEDS: how many (10)
import { coTraining, deepCoTraining, mutualLearning, partialLabels, pseudoLabels } from '@polytask/complementarity';
import { type AuxiliaryObjective, adam, classification, createTrainer } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { separate } from '../packages/complementarity/test/separate.js';
import { twoViews } from '../packages/complementarity/test/two-views.js';

const seeds = Array.from({ length: Number(process.env.BENCH_SEEDS ?? 10) }, (_, i) => i + 1);
const pair: [string, string] = ['a', 'b'];
const quiet = () => {};
const methods: { readonly [name: string]: () => readonly AuxiliaryObjective[] } = {
  'joint training alone': () => [],
  'co-training': () => [coTraining({ tasks: pair, every: 2, perRound: [2, 2], warn: quiet })],
  'mutual learning': () => [mutualLearning()],
  'deep co-training, ramp of 20 epochs': () => [deepCoTraining({ tasks: pair, rampUp: 20 })],
  'pseudo-labels, threshold 0.9': () => [pseudoLabels({ threshold: 0.9, after: 10 })],
  'partial labels': () => [partialLabels({ weight: 2 })],
};
const tasks = [
  classification('a', { classes: 2, inputs: ['left'] }),
  classification('b', { classes: 2, inputs: ['right'] }),
] as const;

/** Share of 1000 fresh rows that both tasks get right, in the mean. */
async function accuracy(auxiliary: readonly AuxiliaryObjective[], seed: number): Promise<number> {
  const { data } = twoViews('class', { seed });
  const fresh = twoViews('class', { seed: `${seed} fresh`, labelled: 1, rows: 1000 }).data;
  const optimizer = adam({ learningRate: 0.06 });
  const trainer = await createTrainer({ tasks, sharing: separate([]), auxiliary, seed, optimizer });
  await trainer.fit(data, { epochs: 50, batchSize: 200 });
  const scores = (await trainer.evaluate(fresh)).tasks;
  trainer.dispose();
  return (scores.a.accuracy + scores.b.accuracy) / 2;
}

await tf.setBackend('cpu');
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / Math.max(1, values.length - 1));
const shown = (values: readonly number[]) =>
  `${(100 * mean(values)).toFixed(1)} ± ${(100 * spread(values)).toFixed(1)}`;

let alone: readonly number[] = [];
console.log(
  `| method | accuracy, % (${seeds.length} seeds) | gain over joint training, seed by seed |\n| --- | --- | --- |`,
);
for (const [name, terms] of Object.entries(methods)) {
  const found: number[] = [];
  for (const seed of seeds) found.push(await accuracy(terms(), seed));
  if (alone.length === 0) alone = found;
  const gains = found.map((value, i) => value - (alone[i] as number));
  console.log(`| ${name} | ${shown(found)} | ${found === alone ? '–' : shown(gains)} |`);
}

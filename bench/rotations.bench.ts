// RotoGrad's rotations: what they cost in a step, by the number of features that they turn, and what they are worth on MultiMNIST.
//   BENCH_PARTS: which of time and quality are measured (both); BENCH_SEEDS (3)
import { compiled } from '@polytask/compiler';
import { type Balancing, classification, createTrainer, mlp, splitDataset } from '@polytask/core';
import { multiMnist } from '@polytask/data/node';
import { hardSharing } from '@polytask/hard-sharing';
import { equalWeighting, rotoGrad } from '@polytask/task-weighting';
import * as tf from '@tensorflow/tfjs';

const measured = (process.env.BENCH_PARTS ?? 'time,quality').split(',');
const seeds = Array.from({ length: Number(process.env.BENCH_SEEDS ?? 3) }, (_, i) => i + 1);
const names = ['left', 'right'] as const;
const batchSize = 128;

await tf.setBackend('cpu');
const all = await multiMnist({ split: 'train', seed: 1, size: 10_000 });
if (measured.includes('time')) await printTimes();
if (measured.includes('quality')) await printQuality();

async function opened(width: number, rotations: boolean | number, balancing: Balancing, seed: number, threads: number) {
  return createTrainer({
    tasks: names.map((name) => classification(name, { classes: 10 })),
    sharing: hardSharing({ encoder: mlp([128, width]), rotations }),
    balancing,
    executor: compiled({ threads }),
    seed,
  });
}

async function printTimes(): Promise<void> {
  const steps = 20;
  const { train } = splitDataset(all, { train: batchSize / 10_000, rest: 1 - batchSize / 10_000 }, 1).parts;
  console.log(
    `### CPU time of a step, 784-128-d, 2 heads of 10, batch ${batchSize}, compiled, 1 thread; the least of 5 blocks\n`,
  );
  console.log('| d | without, ms | all turned, ms | ratio | 64 turned, ratio |\n| --- | --- | --- | --- | --- |');
  for (const width of [16, 64, 128, 256, 512]) {
    const choices = [false, true, ...(width > 64 ? [64] : [])];
    const trainers = await Promise.all(choices.map((rotations) => opened(width, rotations, rotoGrad(), 1, 1)));
    const least = trainers.map(() => Number.POSITIVE_INFINITY);
    let epochs = 0;
    for (let turn = 0; turn < 6; turn++) {
      epochs += steps;
      for (const [i, trainer] of trainers.entries()) {
        const before = process.cpuUsage();
        await trainer.fit(train, { epochs, batchSize });
        const { user, system } = process.cpuUsage(before);
        // The first block compiles.
        if (turn > 0) least[i] = Math.min(least[i] as number, (user + system) / 1000 / steps);
      }
    }
    for (const trainer of trainers) trainer.dispose();
    const [without = 0, turned = 0, some] = least;
    const part = some === undefined ? '' : (some / without).toFixed(2);
    console.log(
      `| ${width} | ${without.toFixed(2)} | ${turned.toFixed(2)} | ${(turned / without).toFixed(2)} | ${part} |`,
    );
  }
  console.log();
}

async function printQuality(): Promise<void> {
  const epochs = 3;
  const { train } = splitDataset(all, { train: 0.9, validation: 0.1 }, 1).parts;
  const test = await multiMnist({ split: 'test', seed: 1, size: 2_000 });
  const rates = [1e-4, 5e-4, 2e-3, 1e-2];
  const contenders: readonly (readonly [string, boolean, () => Balancing])[] = [
    ['equal-weighting', false, equalWeighting],
    ['roto-grad', false, rotoGrad],
    ...rates.map(
      (learningRate) => [`roto-grad, rotations at ${learningRate}`, true, () => rotoGrad({ learningRate })] as const,
    ),
  ];
  console.log(
    `### MultiMNIST, 9,000 images, ${epochs} epochs, 784-128-64, batch ${batchSize}, ${seeds.length} seeds\n`,
  );
  console.log('| method | left, % | right, % |\n| --- | --- | --- |');
  for (const [name, rotations, make] of contenders) {
    const scores: Record<string, number[]> = { left: [], right: [] };
    for (const seed of seeds) {
      const trainer = await opened(64, rotations, make(), seed, 2);
      await trainer.fit(train, { epochs, batchSize });
      const { tasks } = await trainer.evaluate(test);
      for (const task of names) scores[task]?.push(100 * tasks[task].accuracy);
      trainer.dispose();
      tf.disposeVariables();
    }
    console.log(`| ${name} | ${names.map((task) => spread(scores[task] ?? [])).join(' | ')} |`);
  }
}

/** Mean ± standard deviation over seeds. */
function spread(values: readonly number[]): string {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return `${mean.toFixed(1)} ± ${Math.sqrt(variance).toFixed(1)}`;
}

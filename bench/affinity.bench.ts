// How well cheap measures of relatedness tell what joint training gains, and what they cost: six tasks in three planted groups, trained
// alone, in pairs and all together; ten draws. And what observers cost at their usual intervals.
//   BENCH_PARTS: which of planted and time are measured (all)
//   BENCH_SEEDS: how many draws (10); BENCH_ROWS (256), BENCH_EPOCHS (15): of each training
//   BENCH_TURNS: stretches of training per observer (7); BENCH_THREADS (2)
import * as tf from '@tensorflow/tfjs';
import {
  firstOrderAffinity,
  gradientCurvature,
  gradientSimilarity,
  lookaheadAffinity,
  proximalAffinity,
  task2vec,
} from '../packages/analysis/src/index.js';
import {
  agreement,
  clustersBy,
  groupsBy,
  planted,
  plantedAlone,
  plantedCorrelations,
  plantedData,
  plantedGains,
  plantedObserved,
} from '../packages/analysis/test/planted-groups.js';
import { printObserverTimes } from './contenders/observer-times.js';

const seeds = Number(process.env.BENCH_SEEDS ?? 10);
const rows = Number(process.env.BENCH_ROWS ?? 256);
const training = { epochs: Number(process.env.BENCH_EPOCHS ?? 15) };

const measured = (process.env.BENCH_PARTS ?? 'planted,time').split(',');

type Matrix = readonly (readonly number[])[];

/** Per draw: whether the groups were found, and how the measure goes with the gains. */
const found: Record<string, { right: boolean; agrees: number }[]> = {};
/** Seconds per draw of each kind of training. */
const seconds: Record<string, number[]> = {};

await tf.setBackend('cpu');
if (measured.includes('planted')) await printPlanted();
if (measured.includes('time')) {
  await printObserverTimes({
    turns: Number(process.env.BENCH_TURNS ?? 7),
    threads: Number(process.env.BENCH_THREADS ?? 2),
    observers: [
      gradientSimilarity,
      firstOrderAffinity,
      lookaheadAffinity,
      proximalAffinity,
      gradientCurvature,
      task2vec,
    ],
  });
}

async function printPlanted(): Promise<void> {
  // The first training of a process warms it up.
  await plantedObserved(plantedData(0, rows), training, []);
  for (let seed = 1; seed <= seeds; seed++) {
    const data = plantedData(seed, rows);
    const timed = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
      const start = performance.now();
      const result = await work();
      seconds[name] = [...(seconds[name] ?? []), (performance.now() - start) / 1000];
      return result;
    };
    await timed('nothing', () => plantedObserved(data, training, []));
    // So short a training is watched closely; what observers cost is measured at their usual intervals.
    const observers = [gradientSimilarity, firstOrderAffinity, lookaheadAffinity] as const;
    const seen = await plantedObserved(
      data,
      training,
      observers.map((make) => make({ interval: 2 })),
    );
    for (const make of observers) {
      const usual = make();
      await timed(usual.name, () => plantedObserved(data, training, [usual]));
    }
    const affinity = (name: string) => (seen[name] as { affinity: number[][] }).affinity;
    const { losses, cka, logMe } = await timed('alone', () => plantedAlone(data, training));
    const gains = await timed('gains of pairs', () => plantedGains(data, losses, training));
    const { cosine } = (seen['gradient-similarity'] as { blocks: { shared: { cosine: number[][] } } }).blocks.shared;
    const measures: Record<string, [Matrix, (matrix: Matrix) => number[][]]> = {
      'correlation of labels': [plantedCorrelations(data), clustersBy],
      'gradient cosine': [cosine, clustersBy],
      'first-order affinity': [affinity('first-order-affinity'), groupsBy],
      'lookahead affinity': [affinity('lookahead-affinity'), groupsBy],
      'CKA of features': [cka, clustersBy],
      'LogME of features': [logMe, clustersBy],
      'gains of pairs': [gains, groupsBy],
    };
    for (const [name, [matrix, groups]] of Object.entries(measures)) {
      const right = JSON.stringify(groups(matrix)) === JSON.stringify(planted);
      found[name] = [...(found[name] ?? []), { right, agrees: agreement(matrix, gains) }];
    }
  }
  const one = mean(seconds.nothing);
  const costs: Record<string, number> = {
    'correlation of labels': 0,
    'gradient cosine': mean(seconds['gradient-similarity']) / one,
    'first-order affinity': mean(seconds['first-order-affinity']) / one,
    'lookahead affinity': mean(seconds['lookahead-affinity']) / one,
    'CKA of features': mean(seconds.alone) / one,
    'LogME of features': mean(seconds.alone) / one,
    'gains of pairs': (mean(seconds.alone) + mean(seconds['gains of pairs'])) / one,
  };
  console.log(`### Relatedness, ${seeds} draws, ${rows} rows, ${training.epochs} epochs\n`);
  console.log('| measure | groups found | rank correlation with gains | cost, in trainings of all tasks together |');
  console.log('| --- | --- | --- | --- |');
  for (const [name, draws] of Object.entries(found)) {
    const right = draws.filter((draw) => draw.right).length;
    const agrees = mean(draws.map((draw) => draw.agrees));
    console.log(`| ${name} | ${right} of ${seeds} | ${agrees.toFixed(2)} | ${(costs[name] as number).toFixed(2)} |`);
  }
  console.log();
}

function mean(values: readonly number[] = []): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

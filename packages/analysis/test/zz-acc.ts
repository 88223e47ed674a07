import { createTrainer, mlp, regression, sgd, type Trainer } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { compiled } from '../../compiler/src/index.js';
import { gradTae } from '../src/index.js';
import { oneTrunk } from './one-trunk.js';
import { clustersBy, groupsBy, planted, plantedData } from './planted-groups.js';

await tf.setBackend('cpu');
const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const [from, to, rows, baseEpochs, fine, lam] = process.argv.slice(2).map(Number) as number[];
const N = Number(process.argv[8] ?? 256);
const open = (observers: never[], seed: number) =>
  createTrainer({
    tasks: names.map((n) => regression(n)),
    sharing: oneTrunk(mlp([16], { activation: 'tanh' })),
    optimizer: sgd({ learningRate: 0.1 }),
    observers,
    seed,
    executor: compiled(),
  }) as unknown as Promise<Trainer<never>>;
for (let seed = from as number; seed <= (to as number); seed++) {
  const { train, validation } = plantedData(seed, N);
  const base = await open(
    [
      gradTae({
        rows: rows as number,
        interval: 4 * (baseEpochs as number),
        learningRate: 0.1,
        steps: Math.round(lam! / 0.1),
      }),
    ] as never[],
    seed,
  );
  const stop = new AbortController();
  await base.fit(train, { epochs: baseEpochs as number, batchSize: 64, validation });
  const model = await base.model();
  const t0 = performance.now();
  await base.fit(train, {
    epochs: (baseEpochs as number) + 1,
    batchSize: 64,
    validation,
    signal: stop.signal,
    callbacks: [
      {
        stepEnd() {
          stop.abort();
        },
      },
    ] as never,
  });
  const look = (performance.now() - t0) / 1000;
  const seen = base.observations()['grad-tae'] as never as {
    looks: number;
    affinity: number[][];
    subsets: string[][];
    losses: number[][];
  };
  base.dispose();
  const right = JSON.stringify(groupsBy(seen.affinity)) === JSON.stringify(planted);
  const sym = seen.affinity.map((r, i) => r.map((v, j) => (i === j ? 0 : (v + (seen.affinity[j]?.[i] as number)) / 2)));
  const cl = JSON.stringify(clustersBy(sym)) === JSON.stringify(planted);
  const rel: number[] = [];
  const pairs: [number, number][] = [];
  if ((fine as number) > 0)
    for (const [n, subset] of seen.subsets.entries()) {
      if (n > 11) break;
      const masked = {
        inputs: {
          x: {
            data: train.gather(Array.from({ length: N }, (_, i) => i)).inputs.x!.data as Float32Array,
            shape: [N, 12],
          },
        },
        columns: Object.fromEntries(
          names.map((name) => [
            name,
            subset.includes(name) ? (train.labels(name).targets.data as Float32Array) : new Float32Array(N).fill(NaN),
          ]),
        ),
      };
      const { tableDataset } = await import('@polytask/core');
      const tuned = await open([], seed);
      await tuned.loadModel(model);
      await tuned.fit(tableDataset(masked), { epochs: fine as number, batchSize: 64 });
      const scores = (await tuned.evaluate(validation)).tasks as Record<string, { loss: number }>;
      tuned.dispose();
      for (const name of subset) {
        const [e, t] = [seen.losses[n]?.[names.indexOf(name)] as number, scores[name]?.loss as number];
        rel.push(Math.abs(e - t) / t);
        pairs.push([e, t]);
      }
    }
  console.log(
    seed,
    'looks',
    seen.looks,
    'groups',
    right,
    cl,
    'look s',
    look.toFixed(1),
    'rel',
    (rel.reduce((a, b) => a + b, 0) / rel.length).toFixed(3),
    pairs
      .slice(0, 3)
      .map((p) => p.map((v) => v.toFixed(3)).join('/'))
      .join(' '),
  );
}

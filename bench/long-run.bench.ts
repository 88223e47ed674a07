// Whether anything grows in a long run: tensors, heap, memory of the process. Tiny models, many steps, under every kind of balancing.
// `node scripts/bench.mjs long-run`; POLYTASK_STEPS sets the number of steps (default 10 000 each).
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type AnyTask,
  adam,
  type Balancing,
  classification,
  createTrainer,
  defineGradientBalancing,
  defineStepPlan,
  encodeCheckpoint,
  mlp,
  regression,
  sumOfLosses,
  tableDataset,
  uniformStream,
} from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const steps = Number(process.env.POLYTASK_STEPS ?? 10_000);
const rows = 256;
const batchSize = 8;
const stepsPerEpoch = rows / batchSize;

const draw = uniformStream('long-run');
const x = Float32Array.from({ length: rows * 4 }, draw);
// A third of the labels of each task is missing, so that tasks come and go.
const kind = Int32Array.from({ length: rows }, (_, row) => (draw() < 0.33 ? -1 : (x[4 * row] as number) > 0.5 ? 1 : 0));
const level = Float32Array.from({ length: rows }, (_, row) =>
  draw() < 0.33 ? Number.NaN : (x[4 * row + 1] as number),
);
const dataset = tableDataset({ inputs: { x: { data: x, shape: [rows, 4] } }, columns: { kind, level } });

const balancings: Record<string, Balancing> = {
  'loss weighting': sumOfLosses(),
  'gradient balancing': defineGradientBalancing({
    name: 'inverse-norm',
    bind: () => ({
      weights: ({ gramian, tasks }) =>
        tasks.map((_, k) => 1 / Math.sqrt((gramian[k * tasks.length + k] as number) + 1e-8)),
    }),
  }),
  'step plan': defineStepPlan({
    name: 'look-ahead',
    bind: () => ({
      async step(p) {
        const { gradient, losses, weights } = await p.gradient();
        const there = await p.clone(p.parameters);
        await p.axpy(there, -0.01, gradient);
        const ahead = await p.gradient({ parameters: there, batch: await p.anotherBatch() });
        const earlier = p.stored('earlier');
        if (earlier !== undefined) await p.axpy(ahead.gradient, 0.1, earlier);
        await p.apply(ahead.gradient);
        p.store('earlier', ahead.gradient);
        return { losses, weights };
      },
    }),
  }),
};

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
let grown = false;
await tf.setBackend('cpu');
for (const [name, balancing] of Object.entries(balancings)) {
  const before = tf.memory().numTensors;
  const tasks: readonly AnyTask[] = [classification('kind', { classes: 2 }), regression('level')];
  const encoder = mlp([4], { dropout: 0.1, batchNorm: true });
  const trainer = await createTrainer({
    tasks,
    sharing: hardSharing({ encoder }),
    balancing,
    optimizer: adam({ learningRate: 1e-4 }),
  });
  const samples: { steps: number; tensors: number; heap: number; rss: number; seconds: number }[] = [];
  const started = performance.now();
  const epochs = Math.ceil(steps / stepsPerEpoch);
  const every = Math.max(1, Math.floor(epochs / 10));
  await trainer.fit(dataset, {
    epochs,
    batchSize,
    callbacks: [
      {
        async epochEnd({ epoch, history }) {
          if (epoch % every !== 0) return;
          await trainer.evaluate(dataset);
          await encodeCheckpoint(await trainer.checkpoint());
          collectGarbage();
          const { heapUsed, rss } = process.memoryUsage();
          const seconds = (performance.now() - started) / 1000;
          samples.push({ steps: history.steps, tensors: tf.memory().numTensors, heap: heapUsed, rss, seconds });
        },
      },
    ],
  });
  trainer.dispose();
  const left = tf.memory().numTensors - before;
  console.log(`\n${name}: ${samples.at(-1)?.steps} steps, ${left} tensors left after dispose`);
  console.table(
    samples.map(({ steps: done, tensors, heap, rss, seconds }) => ({
      steps: done,
      tensors,
      'heap MB': megabytes(heap),
      'process MB': megabytes(rss),
      'ms/step': ((seconds * 1000) / done).toFixed(2),
    })),
  );
  // The first samples still compile and fill caches; what the history keeps per epoch is some hundred bytes.
  const [settled, last] = [samples[Math.floor(samples.length / 3)], samples.at(-1)];
  const counts = new Set(samples.map(({ tensors }) => tensors));
  if (left !== 0 || counts.size > 1 || (last?.heap ?? 0) - (settled?.heap ?? 0) > 4 * 2 ** 20) grown = true;
}
console.log(grown ? '\nSomething grows.' : '\nNothing grows.');
if (grown) process.exitCode = 1;

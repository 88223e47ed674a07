// The training step of every architecture on MultiMNIST at batch 256, in turn with the same in PyTorch where there is one; then what
// more tasks cost, with experts and columns batched and without.
//   BENCH_ONLY: a part of an architecture's name; BENCH_TURNS: blocks of steps per contender (12); BENCH_THREADS (2);
//   BENCH_PART: architectures or tasks (both); BENCH_PYTHON: the Python that has torch
import { compiled } from '@polytask/compiler';
import { classification, type MultiTaskDataset, type TableDataset, tableDataset } from '@polytask/core';
import { multiMnist } from '@polytask/data/node';
import * as tf from '@tensorflow/tfjs';
import { summedVariants } from './contenders/peer-variants.js';
import { startPeer } from './contenders/peers.js';
import {
  type Architecture,
  architectures,
  type ScaledArchitecture,
  type Sharing,
  scaled,
} from './contenders/sharing-works.js';
import { type SteppedTrainer, steppedTrainer } from './contenders/trainer.js';
import { type Contender, interleave, type Timing } from './measure.js';

const turns = Number(process.env.BENCH_TURNS ?? 12);
const threads = Number(process.env.BENCH_THREADS ?? 2);
const only = process.env.BENCH_ONLY ?? '';
const part = process.env.BENCH_PART ?? 'both';
const batch = 256;
const rows = 4096;
/** Of PyTorch's median. */
const goal = 0.8;
const switches = globalThis as { polytaskWithout?: ReadonlySet<string> };

await tf.setBackend('cpu');
if (part !== 'tasks') await compareArchitectures();
if (part !== 'architectures') await compareNumbersOfTasks();

/** A trainer that stands after its first step, with these tricks of the compiler switched off. */
async function open(
  name: string,
  { sharing, auxiliary = [] }: Sharing,
  tasks: readonly string[],
  data: MultiTaskDataset,
  without: readonly string[] = [],
): Promise<SteppedTrainer & { readonly parameters: number }> {
  const off = new Set(without);
  const before = async () => {
    switches.polytaskWithout = off;
  };
  await before();
  const options = {
    tasks: tasks.map((task) => classification(task, { classes: 10 })),
    sharing,
    auxiliary,
    executor: compiled({ threads, onFallback: refuse }),
  };
  const trainer = await steppedTrainer(name, options as never, data, batch);
  return { ...trainer, before, parameters: trainer.trainer.parameters?.layout.size ?? 0 };
}

function refuse(message: string): never {
  throw new Error(message);
}

async function compareArchitectures(): Promise<void> {
  const data = await multiMnist({ split: 'train', seed: 1, size: rows, layout: 'image' });
  const peer = await startPeer('torch', threads);
  if ('missing' in peer) console.log(`Skipped: PyTorch, ${peer.missing}\n`);
  console.log(`### Step at batch ${batch} on MultiMNIST, two tasks, ${threads} threads\n`);
  console.log(
    '| architecture | parameters | compiled, median ms | over hard sharing | PyTorch, median ms | ratio | goal |',
  );
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  const [reference] = architectures as readonly [Architecture];
  for (const one of architectures.filter(({ name }) => name.includes(only))) {
    try {
      await row(one);
    } catch (error) {
      console.log(`| ${one.name} | failed: ${error instanceof Error ? error.message : error} |`);
    }
  }
  if (!('missing' in peer)) peer.stop();
  console.log('');

  async function row({ name, make, peer: work }: Architecture): Promise<void> {
    const tasks = ['left', 'right'];
    const ours = await open(name, make(), tasks, data);
    const hard = await open(reference.name, reference.make(), tasks, data);
    const contenders: Contender[] = [ours, hard];
    const variants = summedVariants({ work: 'sharing', architecture: work ?? '', batch, classes: [10, 10] }).eager;
    const theirs = work === undefined || 'missing' in peer ? undefined : await peer.fastest('PyTorch', variants, 15);
    if (theirs !== undefined) contenders.push(theirs);
    try {
      const block = blockOf(ours.firstStep);
      const [own, first, other] = await interleave(contenders, { turns, warmup: 5, block, pause: 5 });
      const { median } = own as Timing;
      const cells = [name, ours.parameters, median.toFixed(2), (median / (first as Timing).median).toFixed(2)];
      const compared =
        other === undefined ? ['', '', ''] : [other.median.toFixed(2), (median / other.median).toFixed(2), goal];
      console.log(`| ${[...cells, ...compared].join(' | ')} |`);
      const found = theirs?.parameters ?? ours.parameters;
      if (found !== ours.parameters) console.log(`\nNot the same network: PyTorch's has ${found} parameters.\n`);
    } finally {
      for (const trainer of [ours, hard]) await trainer.stop();
      tf.disposeVariables();
    }
  }
}

/** Steps in a block, so that one takes about a third of a second. */
function blockOf(millisecondsPerStep: number): number {
  return Math.max(1, Math.min(10, Math.round(300 / millisecondsPerStep)));
}

async function compareNumbersOfTasks(): Promise<void> {
  const counts = [2, 8, 32];
  const data = await manyTasks(Math.max(...counts));
  console.log(`### What more tasks cost: dense trunk 784-128-64, batch ${batch}, median ms of a step\n`);
  const columns = counts.map((count) => `K = ${count} | not batched`);
  console.log(`| architecture | ${columns.join(' | ')} | one more task, 2 to 8 | 8 to 32 |`);
  console.log(`| --- | ${counts.map(() => '---: | ---:').join(' | ')} | ---: | ---: |`);
  for (const one of scaled.filter(({ name }) => name.includes(only))) {
    const found: [number, number][] = [];
    for (const count of counts) found.push(await measure(one, count));
    const cells = found.flatMap(([batched, apart]) => [batched.toFixed(2), apart.toFixed(2)]);
    const more = [1, 2].map((i) => {
      const [[from], [to]] = [found[i - 1], found[i]] as [[number, number], [number, number]];
      return ((to - from) / ((counts[i] as number) - (counts[i - 1] as number))).toFixed(3);
    });
    console.log(`| ${[one.name, ...cells, ...more].join(' | ')} |`);
  }
  console.log('\nLinear: one more task costs no more between 8 and 32 than between 2 and 8.\n');

  async function measure({ name, make }: ScaledArchitecture, count: number): Promise<[number, number]> {
    const tasks = Array.from({ length: count }, (_, k) => `task${k}`);
    const contenders = [
      await open(name, make(tasks), tasks, data),
      await open(name, make(tasks), tasks, data, ['lanes']),
    ];
    try {
      const block = blockOf(contenders[1]?.firstStep ?? 1);
      const [batched, apart] = await interleave(contenders, { turns, warmup: 5, block, pause: 5 });
      return [(batched as Timing).median, (apart as Timing).median];
    } finally {
      for (const trainer of contenders) await trainer.stop();
      tf.disposeVariables();
    }
  }
}

/** MultiMNIST with a task for each of so many sums of both digits, modulo 10. */
async function manyTasks(count: number): Promise<TableDataset> {
  const images = await multiMnist({ split: 'train', seed: 1, size: rows });
  const { inputs, columns } = images.gather(Array.from({ length: rows }, (_, row) => row));
  const [left, right] = [columns.left?.data, columns.right?.data] as [ArrayLike<number>, ArrayLike<number>];
  const labels = Array.from({ length: count }, (_, k) => [
    `task${k}`,
    Int32Array.from({ length: rows }, (_, row) => ((left[row] as number) * (k + 1) + (right[row] as number)) % 10),
  ]);
  return tableDataset({ inputs, columns: Object.fromEntries(labels) });
}

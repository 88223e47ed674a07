// Every balancing of @polytask/task-weighting on MultiMNIST: accuracies, Δm against single-task networks, and the time of a step as a
// multiple of equal weighting's, taking turns with it.
//   BENCH_ONLY: parts of methods' names, with commas between them; BENCH_SEEDS (3); BENCH_TURNS: blocks of 10 steps per contender (8);
//   BENCH_PARTS: which of quality and time are measured (both); BENCH_THREADS (2)
import { compiled } from '@polytask/compiler';
import {
  type Balancing,
  classification,
  createTrainer,
  deltaM,
  describedParts,
  mlp,
  type Optimizer,
  sgd,
  splitDataset,
} from '@polytask/core';
import { multiMnist } from '@polytask/data/node';
import { hardSharing } from '@polytask/hard-sharing';
import * as weighting from '@polytask/task-weighting';
import * as tf from '@tensorflow/tfjs';
import { steppedTrainer } from './contenders/trainer.js';
import { parts, type Work, works } from './contenders/works.js';
import { interleave, median, type Timing } from './measure.js';

const only = (process.env.BENCH_ONLY ?? '').split(',');
const seeds = Array.from({ length: Number(process.env.BENCH_SEEDS ?? 3) }, (_, i) => i + 1);
const turns = Number(process.env.BENCH_TURNS ?? 8);
const threads = Number(process.env.BENCH_THREADS ?? 2);
const measured = (process.env.BENCH_PARTS ?? 'quality,time').split(',');
const names = ['left', 'right'] as const;
const [epochs, batchSize] = [3, 128];

await tf.setBackend('cpu');
const methods = [...balancings()].filter(([name]) => only.some((part) => name.includes(part)));
if (measured.includes('quality')) await printQuality();
if (measured.includes('time')) await printTimes();

/** Balancings by their short names, those that need options with the usual ones. */
function balancings(): Map<string, (tasks: readonly string[]) => Balancing> {
  const kinds = new Set<string>(['loss-weighting', 'gradient-balancing', 'step-plan']);
  // Inner steps as large as Adam's, and baselines near what single-task networks reach.
  const given: { readonly [name: string]: (tasks: readonly string[]) => Balancing } = {
    'auto-lambda': () => weighting.autoLambda({ innerRate: 1e-3 }),
    'cr-mogm': () => weighting.crMogm({ inner: weighting.mgda() }),
    'log-transform': () => weighting.logTransform(weighting.equalWeighting()),
    moml: () => weighting.moml({ innerRate: 1e-3 }),
    pivrg: (tasks) => weighting.pivrg({ baselines: Object.fromEntries(tasks.map((name) => [name, 0.5])) }),
  };
  const found = new Map<string, (tasks: readonly string[]) => Balancing>();
  const exported = new Map<string, unknown>(Object.entries(weighting));
  for (const [key, { kind, name }] of describedParts(weighting)) {
    const make = exported.get(key) as () => Balancing;
    if (kinds.has(kind)) found.set(name, given[name] ?? (() => make()));
  }
  return found;
}

/** M-ConFIG divides by the moments itself and wants plain descent; all others get the default, Adam. */
function optimizerOf({ name }: Balancing): { readonly optimizer?: Optimizer } {
  return name === 'm-con-fig' ? { optimizer: sgd({ learningRate: 1e-3 }) } : {};
}

/** Final accuracies, by task. */
type Accuracies = Readonly<Record<string, number>>;

async function printQuality(): Promise<void> {
  const all = await multiMnist({ split: 'train', seed: 1, size: 10_000 });
  const { train, validation } = splitDataset(all, { train: 0.9, validation: 0.1 }, 1).parts;
  const test = await multiMnist({ split: 'test', seed: 1, size: 2_000 });

  async function accuracies(balancing: Balancing, tasks: readonly string[], seed: number): Promise<Accuracies> {
    const trainer = await createTrainer({
      tasks: tasks.map((name) => classification(name, { classes: 10 })),
      sharing: hardSharing({ encoder: mlp([128, 64]) }),
      balancing,
      ...optimizerOf(balancing),
      primary: tasks[0] as string,
      executor: compiled({ threads }),
      seed,
    } as never);
    try {
      await trainer.fit(train as never, { epochs, batchSize, validation: validation as never } as never);
      const { tasks: scores } = await trainer.evaluate(test as never);
      return Object.fromEntries(
        tasks.map((name) => [name, (scores as Record<string, Accuracies>)[name]?.accuracy ?? NaN]),
      );
    } finally {
      trainer.dispose();
      tf.disposeVariables();
    }
  }

  const single: Accuracies[] = [];
  for (const seed of seeds) {
    const alone = [];
    for (const name of names) alone.push(await accuracies(weighting.equalWeighting(), [name], seed));
    single.push(Object.assign({}, ...alone));
  }
  console.log(`### MultiMNIST, 9,000 images, ${epochs} epochs, batch ${batchSize}, ${seeds.length} seeds\n`);
  console.log('| method | left, % | right, % | Δm, % |\n| --- | --- | --- | --- |');
  const directions = Object.fromEntries(names.map((name) => [name, { accuracy: 'higher' as const }]));
  const valuesOf = (found: Accuracies) =>
    Object.fromEntries(names.map((name) => [name, { accuracy: found[name] as number }]));
  const row = (name: string, found: readonly Accuracies[]) => {
    const cells = names.map((task) => spread(found.map((one) => 100 * (one[task] as number))));
    const gains = found.map(
      (one, i) => deltaM(valuesOf(one), valuesOf(single[i] as Accuracies), directions).improvementPercent,
    );
    console.log(`| ${name} | ${cells.join(' | ')} | ${spread(gains)} |`);
  };
  row('single-task networks', single);
  for (const [name, make] of methods) {
    try {
      const found: Accuracies[] = [];
      for (const seed of seeds) found.push(await accuracies(make(names), names, seed));
      row(name, found);
    } catch (error) {
      console.log(`| ${name} | failed: ${(error as Error).message.slice(0, 120)} | | |`);
    }
  }
  console.log();
}

/** Mean ± standard deviation over seeds. */
function spread(values: readonly number[]): string {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return `${mean.toFixed(1)} ± ${Math.sqrt(variance).toFixed(1)}`;
}

async function printTimes(): Promise<void> {
  const base = works.find(({ name }) => name.startsWith('PCGrad, 2')) as Work;
  const counts = [2, 8];
  console.log(
    `### A step as a multiple of equal weighting's, MLP 784-128-64, heads 32-10, batch ${batchSize}, compiled\n`,
  );
  console.log(`| method | ${counts.map((k) => `K = ${k} | without its programs, ms`).join(' | ')} |`);
  console.log(`| --- ${counts.map(() => '| --- | --- ').join('')}|`);
  for (const [name, make] of methods) {
    const cells: string[] = [];
    for (const count of counts) {
      try {
        cells.push(await timeOf({ ...base, classes: Array.from({ length: count }, () => 10) }, make));
      } catch (error) {
        cells.push(`– | ${(error as Error).message.slice(0, 80)}`);
      }
    }
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

/** The ratio within turns, and what the step takes beside its programs. */
async function timeOf(work: Work, make: (tasks: readonly string[]) => Balancing): Promise<string> {
  const shared = parts({ ...work, balancing: weighting.equalWeighting });
  const trainers: Awaited<ReturnType<typeof steppedTrainer>>[] = [];
  try {
    const tasks = shared.options.tasks.map(({ name }) => name);
    for (const balancing of [weighting.equalWeighting(), make(tasks)]) {
      const options = {
        ...{ ...shared.options, balancing, primary: tasks[0], executor: compiled({ threads }) },
        ...optimizerOf(balancing),
      };
      trainers.push(await steppedTrainer('step', options as never, shared.dataset, work.batch));
    }
    const [equal, own] = (await interleave(trainers, { turns, warmup: 10, block: 10 })) as [Timing, Timing];
    const ratio = median(own.turns.map((one, turn) => one / (equal.turns[turn] as number)));
    const inPrograms = median((trainers[1] as (typeof trainers)[number]).spent().slice(10));
    return `${ratio.toFixed(2)} | ${(own.median - inPrograms).toFixed(2)}`;
  } finally {
    for (const trainer of trainers) await trainer.stop();
    tf.disposeVariables();
  }
}

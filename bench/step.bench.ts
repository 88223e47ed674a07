// The training step against PyTorch, JAX and plain tfjs, contenders in turn, in one run; goals beside what is measured.
//   BENCH_TURNS: blocks of 10 steps per contender (12); BENCH_ONLY: a part of a row's name; BENCH_THREADS (2);
//   BENCH_PYTHON: the Python that has torch and jax; BENCH_PEERS: which of eager, compiled and jax take part (all)
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { byHand } from './contenders/by-hand.js';
import { compileTime } from './contenders/compile-time.js';
import { type Competitor, competitors, loadTfjsNode } from './contenders/executors.js';
import type { PeerVariants } from './contenders/peer-variants.js';
import { type PeerProcess, type PeerVariant, startPeer } from './contenders/peers.js';
import { operations, productsAlone, productsOf } from './contenders/products.js';
import { type SteppedTrainer, steppedTrainer } from './contenders/trainer.js';
import { parts, type Work, works } from './contenders/works.js';
import { type Contender, interleave, type Timing, table, timing } from './measure.js';

const turns = Number(process.env.BENCH_TURNS ?? 12);
const threads = Number(process.env.BENCH_THREADS ?? 2);
const only = process.env.BENCH_ONLY ?? '';
const block = 10;

const ours = await competitors(threads);
const tfjsNodeMissing = await loadTfjsNode(threads);
if (tfjsNodeMissing !== undefined) console.log(`Skipped: ${tfjsNodeMissing}\n`);
const [pytorch, jax] = [await start('torch'), await start('jax')];

/** The peers, with what tables call them, and how much of its median ours may take; undefined: the work's own goal. */
const peers: readonly { kind: keyof PeerVariants; name: string; process: PeerProcess | undefined; goal?: number }[] = [
  { kind: 'eager', name: 'PyTorch', process: pytorch },
  { kind: 'compiled', name: 'torch.compile', process: pytorch },
  { kind: 'jax', name: 'JAX', process: jax, goal: 0.9 },
];
const chosen = (process.env.BENCH_PEERS ?? 'eager,compiled,jax').split(',');
const taking = peers.filter(({ kind, process: running }) => running !== undefined && chosen.includes(kind));

async function start(framework: 'torch' | 'jax'): Promise<PeerProcess | undefined> {
  const found = await startPeer(framework, threads);
  if (!('missing' in found)) return found;
  console.log(`Skipped: ${framework}, ${found.missing}\n`);
  return undefined;
}

const summary: string[] = [];
const rates: string[] = [];
for (const work of works.filter(({ name }) => name.includes(only))) {
  try {
    await measure(work);
  } catch (error) {
    console.log(`### ${work.name}\n\nFailed: ${error instanceof Error ? error.message : error}\n`);
  }
}
const versions = `PyTorch ${pytorch?.version ?? 'absent'}, JAX ${jax?.version ?? 'absent'}`;
console.log(`### Medians in ms, ${threads} threads, ${versions}\n`);
const columns = [...taking.flatMap(({ name }) => [name, 'ratio', 'goal']), 'tfjs-node', 'ratio'];
columns.push('trainer over programs', 'first step');
console.log(`| work | compiled | ${columns.join(' | ')} |`);
console.log(`| --- | --- ${columns.map(() => '| --- ').join('')}|\n${summary.join('\n')}\n`);
printRates();
await printCompileTimes();
await printMemory();
pytorch?.stop();
jax?.stop();

/** One row: all contenders in turn, and their table. */
async function measure(work: Work): Promise<void> {
  const shared = parts(work);
  const contenders: Contender[] = [];
  const trainers: SteppedTrainer[] = [];
  const products = work.rateGoal === undefined ? [] : productsOf(work);
  const alone = products.length === 0 ? undefined : await productsAlone(products, threads);
  try {
    for (const competitor of ours) {
      if (competitor.backend !== 'cpu' && !work.backends.includes(competitor.backend)) continue;
      const trainer = await open(competitor, work, shared);
      trainers.push(trainer);
      contenders.push({ ...trainer, before: competitor.prepare });
    }
    for (const { kind, name, process: running } of taking) {
      const tried = Math.max(9, Math.round(30 / (work.slow ?? 1)));
      const peer = await (running as PeerProcess).fastest(name, work.peers[kind], tried);
      if (peer !== undefined) contenders.push(peer);
    }
    for (const backend of work.backends) {
      if (tf.findBackendFactory(backend) == null) continue;
      await tf.setBackend(backend);
      contenders.push(byHand(work, shared, backend));
    }
    if (alone !== undefined) {
      contenders.push(alone);
      if (pytorch !== undefined) {
        const shapes = { label: '', work: { work: 'products', shapes: products } };
        const peer = await pytorch.fastest('its matrix products alone, PyTorch', [shapes], 9);
        if (peer !== undefined) contenders.push(peer);
      }
    }
    for (const trainer of trainers) trainer.spent();
    const counted = Math.max(4, Math.round(turns / (work.slow ?? 1)));
    const timings = await interleave(contenders, { turns: counted, warmup: 10, block, pause: 5 });
    const inPrograms = timing('of which in programs', trainers[0]?.spent().slice(10) ?? []);
    const [first, ...rest] = timings as [Timing, ...Timing[]];
    console.log(table(work.name, [first, { ...inPrograms, name: '… of which in programs' }, ...rest]));
    summarize(work, timings, inPrograms, trainers[0] as SteppedTrainer);
    if (alone !== undefined) rate(work, operations(products), timings);
  } finally {
    await alone?.stop();
    for (const trainer of trainers) await trainer.stop();
    tf.disposeVariables();
  }
}

async function open(competitor: Competitor, work: Work, shared: ReturnType<typeof parts>): Promise<SteppedTrainer> {
  await competitor.prepare();
  const options = { ...shared.options, executor: competitor.executor() };
  const start = () => steppedTrainer(competitor.name, options as never, shared.dataset, work.batch);
  // The second one tells what the first step costs in a process that is warm.
  await (await start()).stop();
  return start();
}

function summarize(work: Work, timings: readonly Timing[], inPrograms: Timing, trainer: SteppedTrainer): void {
  const compiled = timings[0] as Timing;
  const node = timings.find(({ name }) => name.endsWith('tfjs-node'));
  const ratioTo = (other: Timing | undefined) =>
    other === undefined ? '' : (compiled.median / other.median).toFixed(2);
  const over = `${((compiled.median / inPrograms.median - 1) * 100).toFixed(0)} %`;
  const cells = [
    work.name,
    compiled.median.toFixed(2),
    ...taking.flatMap(({ name, goal = work.goal }) => {
      const peer = timings.find((one) => one.name === name || one.name.startsWith(`${name} (`));
      return [peer?.median.toFixed(2) ?? '–', ratioTo(peer), goal];
    }),
    node?.median.toFixed(2) ?? '–',
    ratioTo(node),
    over,
    `${trainer.firstStep.toFixed(0)} ms`,
  ];
  summary.push(`| ${cells.join(' | ')} |`);
}

/** How many operations per second the step's matrix products come to, of the rate that they reach by themselves. */
function rate(work: Work, count: number, timings: readonly Timing[]): void {
  const perSecond = ({ median }: Timing) => count / median / 1e6;
  const [step] = timings as [Timing, ...Timing[]];
  for (const timing of timings.filter(({ name }) => name.startsWith('its matrix products'))) {
    const share = (perSecond(step) / perSecond(timing)).toFixed(2);
    const cells = [
      work.name,
      timing.name,
      perSecond(step).toFixed(0),
      perSecond(timing).toFixed(0),
      share,
      work.rateGoal,
    ];
    rates.push(`| ${cells.join(' | ')} |`);
  }
}

function printRates(): void {
  if (rates.length === 0) return;
  console.log('| work | against | step, GFLOP/s | products alone, GFLOP/s | share | stretch |');
  console.log(`| --- | --- | --- | --- | --- | --- |\n${rates.join('\n')}\n`);
}

/** What compiling the step takes in this process, which is warm by now. */
async function printCompileTimes(): Promise<void> {
  const goals: [start: string, goal: number, stretch: number][] = [
    ['MLP 784-128-64, heads 32-10 and 32-5, batch 128', 100, 50],
    ['LeNet', 200, 100],
  ];
  const compiled = ours.find(({ name }) => name.endsWith('compiled')) as Competitor;
  console.log(
    '| compiling, warm process | median ms | best | worst | goal | stretch |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const [start, ...wanted] of goals) {
    const work = works.find(({ name }) => name.startsWith(start)) as Work;
    const { name, median, best, worst } = await compileTime(compiled, work, 7);
    const cells = [name, ...[median, best, worst, ...wanted].map((milliseconds) => milliseconds.toFixed(0))];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log('');
}

/** Resident memory of processes that train the MLP at batch 128 and nothing else. */
async function printMemory(): Promise<void> {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log('| process training the MLP, batch 128 | resident | peak | before | goal | stretch |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  const program = join(import.meta.dirname, 'memory.program.mjs');
  for (const name of ['compiled', 'wasm']) {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [program, name]);
      const { base, resident, peak } = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Record<string, number>;
      const goals = name === 'compiled' ? ['220 MB', '150 MB'] : ['', ''];
      const cells = [...[resident, peak, base].map((bytes) => megabytes(bytes as number)), ...goals];
      console.log(`| Polytask, ${name} | ${cells.join(' | ')} |`);
    } catch (error) {
      console.log(
        `| Polytask, ${name} | failed: ${error instanceof Error ? error.message.split('\n')[0] : error} | | | | |`,
      );
    }
  }
  for (const { kind, name } of taking) {
    const alone = await startPeer(kind === 'jax' ? 'jax' : 'torch', threads);
    if ('missing' in alone) continue;
    const before = await alone.resident();
    const step = await alone.fastest(name, [(works[1] as Work).peers[kind].at(-1) as PeerVariant], 300);
    if (step !== undefined)
      console.log(`| ${step.name} | ${megabytes(await alone.resident())} | | ${megabytes(before)} | | |`);
    alone.stop();
  }
}

// What tasks that help each other are worth: on data of a known truth, on digits with few labels, and how long a step takes.
//   BENCH_ONLY: a part of a method's name; BENCH_PARTS: which of truth, digits, halves and time are measured (all)
//   BENCH_SEEDS: seeds of the known truth (10); BENCH_DIGIT_SEEDS (3); BENCH_TURNS: blocks of 10 steps per contender (8); BENCH_THREADS (2)
import { compiled } from '@polytask/compiler';
import * as complementarity from '@polytask/complementarity';
import {
  type AnyTask,
  type AuxiliaryObjective,
  adam,
  classification,
  createTrainer,
  type MultiTaskDataset,
  mlp,
  type SharingStrategy,
  type TableDataset,
  tableDataset,
} from '@polytask/core';
import { multiMnist } from '@polytask/data/node';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { knownTruth, tie, tiedTasks, wrongTie } from '../packages/complementarity/test/known-truth.js';
import { separate } from '../packages/complementarity/test/separate.js';
import { steppedTrainer } from './contenders/trainer.js';
import { interleave, median, type Timing } from './measure.js';

const {
  consistency,
  coTraining,
  deepCoTraining,
  distill,
  featureDistillation,
  meanTeacher,
  mutualLearning,
  partialLabels,
  piModel,
  pseudoLabels,
  sumTo,
  viewAdversarial,
} = complementarity;

const only = process.env.BENCH_ONLY ?? '';
const measured = (process.env.BENCH_PARTS ?? 'truth,digits,halves,time').split(',');
const threads = Number(process.env.BENCH_THREADS ?? 2);
const seedsOf = (given: string | undefined, usual: number) =>
  Array.from({ length: Number(given ?? usual) }, (_, i) => i + 1);

/** Terms by what is printed of them; made anew for every run. The first is what all are compared with. */
type Contenders = Readonly<
  Record<string, (work: Work, seed: number) => readonly AuxiliaryObjective[] | Promise<readonly AuxiliaryObjective[]>>
>;

const tied = (map: readonly number[], more: object = {}) =>
  consistency({ from: 'kind', to: 'group', map, loss: 'kl', ...more });

const onTruth: Contenders = {
  'plain joint training': () => [],
  consistency: () => [tied(tie, { weight: 3 })],
  'consistency, unlabelled rows': () => [tied(tie, { weight: 3, rows: 'unlabelled' })],
  'consistency, multipliers': () => [tied(tie, { multipliers: { rate: 0.1, tolerance: 0.01 } })],
  'consistency, a wrong map': () => [tied(wrongTie, { weight: 3 })],
  'Π-model': () => [piModel({ view: { noise: 0.4 }, ramp: 5, weight: 3 })],
  'mean teacher': () => [meanTeacher({ view: { noise: 0.4 }, ramp: 5, weight: 3 })],
  'virtual adversarial': () => [viewAdversarial({ epsilon: 0.4, ramp: 5 })],
};

const sumOfDigits = (more: object) =>
  sumTo({ parts: ['left', 'right'], total: 'sum', modulo: 5, loss: 'kl', ramp: 2, ...more });

const onDigits: Contenders = {
  'plain joint training': () => [],
  'sum of digits': () => [sumOfDigits({})],
  'sum of digits, digits as constants': () => [sumOfDigits({ stopGradient: 'parts' })],
  'Π-model, shifts': () => [piModel({ view: { shift: 2 }, ramp: 4, weight: 3 })],
  'mean teacher, shifts': () => [meanTeacher({ view: { shift: 2 }, ramp: 4, weight: 3 })],
  'virtual adversarial': () => [viewAdversarial({ epsilon: 1, ramp: 4 })],
  'pseudo-labels, threshold 0.95': () => [pseudoLabels({ threshold: 0.95, after: 5 })],
  'distillation from single tasks': async (work, seed) => [distill({ teachers: await teachersOf(work, seed) })],
  'features of single tasks': async (work, seed) => [featureDistillation({ teachers: await teachersOf(work, seed) })],
};

const halves: [string, string] = ['upper', 'lower'];
const quiet = () => {};

const onHalves: Contenders = {
  'plain joint training': () => [],
  'co-training': () => [
    coTraining({ tasks: halves, every: 2, pool: 2000, perRound: Array(10).fill(20), least: 0.9, warn: quiet }),
  ],
  'deep co-training': () => [deepCoTraining({ tasks: halves, rampUp: 10 })],
  'mutual learning': () => [mutualLearning()],
  'partial labels': () => [partialLabels()],
  'pseudo-labels, threshold 0.95': () => [pseudoLabels({ threshold: 0.95, after: 5 })],
};

const inTime: Contenders = {
  'plain joint training': () => [],
  'sum of digits': onDigits['sum of digits'] as () => AuxiliaryObjective[],
  'Π-model, noise': () => [piModel({ view: { noise: 0.1 } })],
  'Π-model, shifts': () => [piModel({ view: { shift: 2 } })],
  'mean teacher': () => [meanTeacher()],
  'virtual adversarial': () => [viewAdversarial()],
};

await tf.setBackend('cpu');
if (measured.includes('truth')) await printTruth();
if (measured.includes('digits')) await printDigits();
if (measured.includes('halves')) await printHalves();
if (measured.includes('time')) await printTimes();

/** The first, and those whose names are asked for. */
function chosen(all: Contenders) {
  return Object.entries(all).filter(([name], i) => i === 0 || name.includes(only));
}

/** What one run came to. */
interface Outcome {
  /** By task: accuracy in percent. */
  readonly accuracies: Readonly<Record<string, number>>;
  /** Violations of the first epoch and of the last one, where there is a constraint. */
  readonly violations: readonly [number, number] | undefined;
  /** Mean training loss of the last epoch, of the first task. */
  readonly loss: number;
}

interface Work {
  readonly tasks: readonly AnyTask[];
  readonly units: readonly number[];
  readonly sharing: SharingStrategy;
  readonly train: MultiTaskDataset;
  readonly test: MultiTaskDataset;
  readonly fit: { readonly epochs: number; readonly batchSize: number };
  readonly learningRate: number;
}

async function outcomeOf(auxiliary: readonly AuxiliaryObjective[], seed: number, work: Work): Promise<Outcome> {
  const { tasks, sharing, train, test, fit, learningRate } = work;
  const trainer = await createTrainer({
    tasks,
    sharing,
    auxiliary,
    optimizer: adam({ learningRate }),
    executor: compiled({ threads }),
    seed,
  });
  try {
    await trainer.fit(train, fit);
    const scores = (await trainer.evaluate(test)).tasks as unknown as Record<string, { accuracy: number }>;
    const { logged = {}, tasks: course = {} } = trainer.history ?? {};
    const violations = Object.entries(logged).find(([name]) => name.endsWith('/violation'))?.[1];
    const [first] = Object.values(course as Record<string, { trainLoss: number[] }>);
    return {
      accuracies: Object.fromEntries(tasks.map(({ name }) => [name, 100 * (scores[name]?.accuracy ?? Number.NaN)])),
      violations: violations && [violations[0] ?? Number.NaN, violations.at(-1) ?? Number.NaN],
      loss: first?.trainLoss.at(-1) ?? Number.NaN,
    };
  } finally {
    trainer.dispose();
    tf.disposeVariables();
  }
}

/** A network for each task, trained alone like the joint one. */
async function teachersOf({ tasks, sharing, train, fit, learningRate }: Work, seed: number) {
  const teachers: Record<string, object> = {};
  for (const task of tasks) {
    const optimizer = adam({ learningRate });
    const trainer = await createTrainer({ tasks: [task], sharing, optimizer, executor: compiled({ threads }), seed });
    await trainer.fit(train, fit);
    teachers[task.name] = { tasks: [task], sharing, model: await trainer.model(), executor: compiled({ threads }) };
    trainer.dispose();
  }
  return teachers as never;
}

/** A row per method: accuracies, the gain over the first method seed by seed, violations before and after, the loss of a task. */
async function printTable(
  title: string,
  all: Contenders,
  seeds: readonly number[],
  workOf: (seed: number) => Promise<Work>,
): Promise<void> {
  const work = await workOf(seeds[0] as number);
  const names = work.tasks.map(({ name }) => name);
  console.log(`### ${title}\n`);
  console.log(
    `| method | ${names.map((name) => `${name}, % | gain`).join(' | ')} | violation, first → last epoch | loss of ${names[0]} |`,
  );
  console.log(`| --- ${names.map(() => '| --- | --- ').join('')}| --- | --- |`);
  let reference: readonly Outcome[] = [];
  for (const [name, make] of chosen(all)) {
    const found: Outcome[] = [];
    try {
      for (const seed of seeds) {
        const given = await workOf(seed);
        found.push(await outcomeOf(await make(given, seed), seed, given));
      }
    } catch (error) {
      console.log(`| ${name} | failed: ${(error as Error).message.slice(0, 150)} |`);
      continue;
    }
    if (reference.length === 0) reference = found;
    const cells = names.flatMap((task) => {
      const gains = found.map(
        ({ accuracies }, i) => (accuracies[task] as number) - (reference[i]?.accuracies[task] as number),
      );
      return [
        spread(found.map(({ accuracies }) => accuracies[task] as number)),
        found === reference ? '' : spread(gains),
      ];
    });
    const ends = found.flatMap(({ violations }) => (violations === undefined ? [] : [violations]));
    const violation =
      ends.length === 0 ? '' : [0, 1].map((i) => mean(ends.map((one) => one[i] as number)).toFixed(3)).join(' → ');
    console.log(
      `| ${name} | ${cells.join(' | ')} | ${violation} | ${mean(found.map(({ loss }) => loss)).toFixed(2)} |`,
    );
  }
  console.log();
}

async function printTruth(): Promise<void> {
  const rows = 1000;
  const seeds = seedsOf(process.env.BENCH_SEEDS, 10);
  const title = `Known truth: ${rows} rows, a label of each task in one of twenty, ${seeds.length} seeds`;
  await printTable(title, onTruth, seeds, async (seed) => ({
    ...knownTruth(seed, rows),
    tasks: tiedTasks(),
    units: [32],
    sharing: hardSharing({ encoder: mlp([32]) }),
    fit: { epochs: 30, batchSize: 100 },
    learningRate: 0.01,
  }));
}

/** Twenty thousand images and five hundred labels of each task; others for every seed. */
async function digits(seed: number): Promise<Work> {
  const labelled = { left: 500, right: 500, sum: 500 };
  return {
    train: await multiMnist({ split: 'train', seed, size: 20_000, layout: 'image', labelled }),
    test: await multiMnist({ split: 'test', seed, size: 5_000, layout: 'image' }),
    tasks: [
      classification('left', { classes: 10 }),
      classification('right', { classes: 10 }),
      classification('sum', { classes: 5 }),
    ],
    units: [128, 64],
    sharing: hardSharing({ encoder: mlp([128, 64]) }),
    fit: { epochs: 15, batchSize: 200 },
    learningRate: 0.002,
  };
}

async function printDigits(): Promise<void> {
  const seeds = seedsOf(process.env.BENCH_DIGIT_SEEDS, 3);
  const title = `MultiMNIST: 20,000 images, 500 labels of each task, MLP 784-128-64, ${seeds.length} seeds`;
  await printTable(title, onDigits, seeds, digits);
}

async function printHalves(): Promise<void> {
  const seeds = seedsOf(process.env.BENCH_DIGIT_SEEDS, 3);
  const title = `The left digit from the upper and from the lower half: 20,000 images, 500 labels, ${seeds.length} seeds`;
  await printTable(title, onHalves, seeds, digitHalves);
}

/** Two views of the left digit: a network reads the upper half of the image, another the lower one. */
async function digitHalves(seed: number): Promise<Work> {
  const of = async (split: 'train' | 'test', size: number, more: object = {}) =>
    inHalves(await multiMnist({ split, seed, size, layout: 'flat', ...more }));
  const sharing = separate([128, 64]);
  return {
    train: await of('train', 20_000, { labelled: { left: 500 } }),
    test: await of('test', 5_000),
    tasks: halves.map((name) => classification(name, { classes: 10, column: 'left', inputs: [name] })),
    units: [128, 64],
    sharing,
    fit: { epochs: 15, batchSize: 200 },
    learningRate: 0.002,
  };
}

function inHalves(images: TableDataset): TableDataset {
  const { size, inputs, columns } = images.gather(Array.from({ length: images.size }, (_, row) => row));
  const [{ data, shape }] = Object.values(inputs) as [{ data: Float32Array; shape: readonly number[] }];
  const width = (shape[1] as number) / 2;
  const half = (which: number) => {
    const pixels = new Float32Array(size * width);
    for (let row = 0; row < size; row++) {
      const from = (2 * row + which) * width;
      pixels.set(data.subarray(from, from + width), row * width);
    }
    return { data: pixels, shape: [size, width] };
  };
  return tableDataset({
    inputs: { upper: half(0), lower: half(1) },
    columns: { left: (columns.left as { data: Int32Array }).data },
  });
}

/** A step of each as a multiple of the plain one, taking turns with it. */
async function printTimes(): Promise<void> {
  const work = await digits(1);
  const { train, tasks, units, fit } = work;
  console.log(`### A step as a multiple of plain joint training's, MLP 784-128-64, batch ${fit.batchSize}, compiled\n`);
  console.log('| method | ms | multiple |\n| --- | --- | --- |');
  const open = (name: string, auxiliary: readonly AuxiliaryObjective[]) => {
    const options = {
      tasks,
      sharing: hardSharing({ encoder: mlp(units) }),
      auxiliary,
      executor: compiled({ threads }),
      seed: 1,
    };
    return steppedTrainer(name, options as never, train, fit.batchSize);
  };
  for (const [name, make] of chosen(inTime)) {
    const contenders = [await open('plain', []), await open(name, await make(work, 1))];
    const turns = Number(process.env.BENCH_TURNS ?? 8);
    const [plain, found] = (await interleave(contenders, { turns, warmup: 10, block: 10 })) as [Timing, Timing];
    for (const one of contenders) await one.stop();
    // Turn by turn, since the machine may be busy meanwhile.
    const ratios = found.turns.map((turn, i) => turn / (plain.turns[i] as number));
    console.log(`| ${name} | ${found.median.toFixed(2)} | ${median(ratios).toFixed(2)} |`);
  }
  console.log();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean ± standard deviation over seeds. */
function spread(values: readonly number[]): string {
  const centre = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1);
  return `${centre.toFixed(1)} ± ${Math.sqrt(variance).toFixed(1)}`;
}

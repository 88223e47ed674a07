import { type AnyTask, adam, binary, classification, eager, regression, tableDataset } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { coTraining } from '../src/co-training.js';
import { coRegression, deepCoTraining, mutualLearning, pseudoLabels } from '../src/index.js';
import { expectResumes, trained } from './runs.js';
import { separate } from './separate.js';
import { twoViews } from './two-views.js';

beforeAll(() => tf.setBackend('cpu'));

const tasks: readonly AnyTask[] = [
  classification('a', { classes: 2, inputs: ['left'] }),
  classification('b', { classes: 2, inputs: ['right'] }),
];
const numbers: readonly AnyTask[] = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
type Term = Parameters<typeof trained>[0]['auxiliary'];
const options = (auxiliary: Term = [], seed = 1) => ({
  tasks,
  sharing: separate([]),
  auxiliary,
  seed,
  optimizer: adam({ learningRate: 0.06 }),
});
const quiet = { warn: () => {} };

/** Share of fresh rows that both tasks get right, in the mean. */
async function accuracy(auxiliary: Term, seed: number): Promise<number> {
  const { data } = twoViews('class', { seed });
  const fresh = twoViews('class', { seed: `${seed} fresh`, labelled: 1, rows: 400 }).data;
  const fit = { epochs: 50, batchSize: 200 };
  return trained({ ...options(auxiliary, seed), executor: eager() }, data, fit, async (trainer) => {
    const scores = (await trainer.evaluate(fresh)).tasks as unknown as Record<string, { accuracy: number }>;
    return ((scores.a?.accuracy ?? 0) + (scores.b?.accuracy ?? 0)) / 2;
  });
}

test('with labels for one row in twenty, two views teach each other what neither has learned alone', async () => {
  const term = () => coTraining({ tasks: ['a', 'b'], every: 2, perRound: [2, 2], ...quiet });
  const gains: number[] = [];
  for (const seed of [1, 2, 3, 4]) gains.push((await accuracy([term()], seed)) - (await accuracy([], seed)));
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const spread = Math.sqrt(gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (gains.length - 1));
  expect(mean).toBeGreaterThan(spread);
  expect(mean).toBeGreaterThan(0.03);
});

test('views that tell of different things teach each other nothing good', async () => {
  // The second view is of other rows: its task can only pass on noise.
  const { data, truth } = twoViews('class', { seed: 5 });
  const raw = data.gather(Array.from({ length: 200 }, (_, row) => row));
  const left = raw.inputs.left as { data: Float32Array; shape: number[] };
  const right = raw.inputs.right as { data: Float32Array; shape: number[] };
  const turned = right.data.map((_, i) => right.data[(i + 4 * 101) % right.data.length] as number);
  const columns = { a: raw.columns.a?.data as Int32Array, b: raw.columns.b?.data as Int32Array };
  const astray = tableDataset({ inputs: { left, right: { data: turned, shape: right.shape } }, columns });
  const of = (train: typeof data) =>
    trained(
      { ...options([coTraining({ tasks: ['a', 'b'], every: 2, perRound: [2, 2], ...quiet })]), executor: eager() },
      train,
      { epochs: 40, batchSize: 200 },
      (trainer) => {
        const laid = trainer.labels.lookup('a');
        const right = Array.from(laid?.ids ?? []).filter((id, i) => laid?.targets?.data[i] === truth[id]).length;
        return right / (laid?.ids.length ?? 1);
      },
    );
  expect(await of(data)).toBeGreaterThan(0.85);
  expect(await of(astray)).toBeLessThan(0.8);
});

test('labels both tasks alike, in the ratio of the classes, rows without a label, and each once', async () => {
  const { data } = twoViews('class', { rows: 120, labelled: 0.1, noise: 0.4 });
  const raw = data.gather(Array.from({ length: 120 }, (_, row) => row));
  const before = raw.columns.a?.data as Int32Array;
  // Two of three labels are of class 1.
  const rare = before.map((label, row) => (label === 0 && row % 20 === 0 ? -1 : label));
  const counts = [0, 1].map((label) => rare.filter((one) => one === label).length) as [number, number];
  const ratio = counts.map((count) => Math.round(count / Math.min(...counts))) as [number, number];
  const skewed = tableDataset({ inputs: raw.inputs as never, columns: { a: rare, b: rare.slice() } });
  const term = coTraining({ tasks: ['a', 'b'], every: 1, rounds: 3, pool: 40, ...quiet });
  await trained(options([term]), skewed, { epochs: 10, batchSize: 60 }, (trainer) => {
    const [a, b] = ['a', 'b'].map((name) => trainer.labels.lookup(name));
    expect(a?.ids).toEqual(b?.ids);
    expect(a?.targets).toEqual(b?.targets);
    const ids = Array.from(a?.ids ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => (rare[id] as number) < 0)).toBe(true);
    const logged = trainer.history?.logged ?? {};
    // Three rounds, of at most as many picks as two tasks may make.
    const added = (logged['co-training/added'] ?? []).filter((count) => Number.isFinite(count));
    expect(added.length).toBe(3);
    expect(added.every((count) => count <= 2 * (ratio[0] + ratio[1]))).toBe(true);
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(ids.length);
  });
});

test('a row that is picked with both labels gets none', async () => {
  // The same rows, and the second task has learned the opposite.
  const { data } = twoViews('class', { rows: 40, labelled: 0.25, noise: 0.1 });
  const raw = data.gather(Array.from({ length: 40 }, (_, row) => row));
  const a = raw.columns.a?.data as Int32Array;
  const opposite = a.map((label) => (label < 0 ? -1 : 1 - label));
  const inputs = { left: raw.inputs.left, right: raw.inputs.left };
  const torn = tableDataset({ inputs: inputs as never, columns: { a, b: opposite } });
  const term = coTraining({ tasks: ['a', 'b'], every: 10, rounds: 1, perRound: [40, 40], ...quiet });
  await trained(options([term]), torn, { epochs: 10, batchSize: 20 }, (trainer) => {
    const logged = trainer.history?.logged ?? {};
    expect(logged['co-training/disagreed']?.at(-1)).toBeGreaterThan(20);
    expect(logged['co-training/added']?.at(-1)).toBe(trainer.labels.lookup('a')?.ids.length ?? 0);
    expect(logged['co-training/added']?.at(-1)).toBeLessThan(10);
  });
});

test('warns once of probabilities that are not to be trusted, by validation rows where there are any', async () => {
  const said: string[] = [];
  // Nothing to learn, learned by heart.
  const { data } = twoViews('class', { rows: 80, noise: 30, labelled: 0.5 });
  const validation = twoViews('class', { rows: 80, noise: 30, labelled: 1, seed: 9 }).data;
  const term = coTraining({ tasks: ['a', 'b'], every: 5, rounds: 4, warn: (message) => void said.push(message) });
  const sharp = { ...options([term]), optimizer: adam({ learningRate: 0.3 }) };
  await trained(sharp, data, { epochs: 20, batchSize: 80, validation }, (trainer) => {
    expect(trainer.history?.logged['co-training/calibration-error-a']?.at(-1)).toBeGreaterThan(0.2);
  });
  expect(said.length).toBe(2);
  expect(said[0]).toMatch(/task `a`, but these are off by \d\d % on average/);
  said.length = 0;
  const calm = twoViews('class', { rows: 200, noise: 0.5, labelled: 0.5 }).data;
  await trained(options([term]), calm, { epochs: 20, batchSize: 80, validation: calm }, () => {});
  expect(said).toEqual([]);
});

test('goes on from a checkpoint, with yes or no, and beside other terms', async () => {
  const { data } = twoViews('class', { rows: 60, labelled: 0.2 });
  const yes: readonly AnyTask[] = [binary('a', { inputs: ['left'] }), binary('b', { inputs: ['right'] })];
  const make = () => ({
    ...options([
      coTraining({ tasks: ['a', 'b'], every: 1, pool: 20, rounds: 3, ...quiet }),
      mutualLearning(),
      pseudoLabels({ threshold: 0.8 }),
      deepCoTraining({ tasks: ['a', 'b'], rampUp: 2 }),
    ]),
    tasks: yes,
  });
  await expectResumes(make, data, { epochs: 4, batchSize: 30 }, [3, 4, 6]);
});

test.each([
  { term: () => coTraining({ tasks: ['a', 'b'], ...quiet }), pair: tasks, kind: 'class' as const },
  { term: () => coRegression({ tasks: ['a', 'b'] }), pair: numbers, kind: 'number' as const },
])('$kind: refuses a checkpoint of an earlier version, which counted rounds outside of the pool', async (one) => {
  const { data } = twoViews(one.kind, { rows: 40, labelled: 0.5 });
  const given = { ...options([one.term()]), tasks: one.pair };
  await trained(given, data, { epochs: 1 }, async (trainer) => {
    const { state, tensors } = await trainer.checkpoint();
    const [name, { pool, ...more }] = Object.entries(state.auxiliary as object)[0] as [string, Record<string, unknown>];
    const { round, ...old } = (pool ?? more) as Record<string, unknown>;
    const auxiliary = { [name]: { round, share: null, pool: old } };
    const restored = trainer.restore({ state: { ...state, auxiliary } as never, tensors });
    await expect(restored).rejects.toMatchObject({ code: 'POLYTASK_CHECKPOINT' });
    await expect(restored).rejects.toThrow('earlier version');
  });
});

test('refuses tasks that it cannot pair', async () => {
  const { data } = twoViews('class', { rows: 20, labelled: 0.5 });
  const go = (term: ReturnType<typeof coTraining>, of: readonly AnyTask[] = tasks) =>
    trained({ ...options([term]), tasks: of }, data, { epochs: 1 }, () => {});
  await expect(go(coTraining({ tasks: ['a', 'a'] }))).rejects.toThrow('two different tasks');
  await expect(go(coTraining({ tasks: ['a', 'c'] }))).rejects.toThrow('There is no task named `c`');
  await expect(go(coTraining({ tasks: ['a', 'b'], perRound: [1, 2, 3] }))).rejects.toThrow('one per class');
  const numbers = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
  await expect(go(coTraining({ tasks: ['a', 'b'] }), numbers)).rejects.toThrow('For numbers there is `co-regression`');
});

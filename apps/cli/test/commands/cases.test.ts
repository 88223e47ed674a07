// What people tried and what came of it: names of any kind, small errors, one class, weights.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { polytask as inFolder } from '../helpers/finished-run.js';

const cwd = mkdtempSync(join(tmpdir(), 'polytask-cases-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const polytask = (...args: string[]) => inFolder(cwd, ...args);
const write = (name: string, text: string) => writeFileSync(join(cwd, name), text);

const line = (i: number) => [i, 'only', i * 3e-12, i % 4 ? 0 : 1, i / 10, 'ab'[i % 2], i % 3, 1 + (i % 5)].join(',');
const head = 'x,k,tiny,rare,IMDB Rating,kind,place,n';
write('t.csv', [head, ...Array.from({ length: 100 }, (_, i) => line(i)), ''].join('\n'));
write(
  'run.yaml',
  `data: { use: table, source: t.csv, cache: cache, features: [x] }
split: { test: 0.2 }
tasks:
  - { name: tiny, type: regression }
  - { name: rare, type: binary }
  - { name: IMDB Rating, type: regression }
  - { name: kind, type: classification }
  - { name: spot, type: regression, columns: [place, n] }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [16] } }
optimizer: { use: adam, learningRate: 0.02 }
training: { epochs: 5 }
backend: cpu
seed: 1
`,
);

let trained: { stdout: string; stderr: string };
beforeAll(async () => {
  const ended = await polytask('train', 'run.yaml', '-q', '-o', 'r');
  expect(ended.code, ended.stderr).toBe(0);
  trained = ended;
});

it('shows the digits of small errors, and what tells of rare answers', () => {
  const { tasks } = JSON.parse(readFileSync(join(cwd, 'r', 'run.json'), 'utf8')).joint;
  expect(tasks.tiny.rmse).toBeGreaterThan(0);
  expect(trained.stdout).not.toMatch(/tiny +0\.0000/);
  expect(trained.stdout).toMatch(/tiny +\d\.\d+e−?-?1[0-9]/);
  expect(trained.stdout.split('\n')[0]).toMatch(/auc ↑/);
});

it('says of one class that it is the only one', async () => {
  const { code, stderr } = await polytask('check', 'run.yaml', '-s', 'tasks=[{ name: k, type: classification }]');
  expect([code, stderr]).toEqual([2, expect.stringContaining('column `k` has one class only: `only`')]);
});

it('exports a layers model whatever tasks are called', async () => {
  const ended = await polytask('export', 'r', '-f', 'tfjs');
  expect(ended.code, ended.stderr).toBe(0);
  const json = JSON.parse(readFileSync(join(cwd, 'r', 'tfjs', 'model.json'), 'utf8'));
  const weights = readFileSync(join(cwd, 'r', 'tfjs', 'weights.bin'));
  const model = await tf.loadLayersModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest[0].weights,
      weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength) as ArrayBuffer,
    }),
  });
  expect(model.outputs).toHaveLength(5);
  model.dispose();
  expect(ended.stdout).toContain('IMDB Rating (regression)');
});

it('calls the numbers of a vector what its columns are called', async () => {
  const { stdout } = await polytask('predict', 'r', 't.csv', '-q', '--to', 'csv');
  expect(stdout.split('\n')[0]).toContain('spot.place,spot.n');
  await polytask('evaluate', 'r', '-q', '--predictions', 'p.csv');
  expect(readFileSync(join(cwd, 'p.csv'), 'utf8').split('\n')[0]).toContain('spot.label.place,spot.label.n');
});

it('weighs rows of another file as the run file says, where the file has weights', async () => {
  const weighed = ['-s', 'data.weight=n', '-s', 'tasks=[{ name: IMDB Rating, type: regression }]'];
  const done = await polytask('train', 'run.yaml', '-q', '-o', 'w', ...weighed);
  expect(done.code, done.stderr).toBe(0);
  const mae = async (text: string) => {
    write('more.csv', text);
    const { stdout } = await polytask('evaluate', 'w', '--data', 'more.csv', '--json', '-q');
    return JSON.parse(stdout).scores['IMDB Rating'].mae as number;
  };
  const rows = ['1,0.5', '9,8'];
  const [once, both] = [await mae(`x,IMDB Rating\n${rows[0]}\n`), await mae(`x,IMDB Rating\n${rows.join('\n')}\n`)];
  const other = 2 * both - once;
  const heavy = await mae(`x,IMDB Rating,n\n${rows[0]},3\n${rows[1]},1\n`);
  expect(heavy).toBeCloseTo((3 * once + other) / 4, 5);
  write('more.csv', 'x,IMDB Rating,n\n1,2,-1\n');
  const wrong = await polytask('evaluate', 'w', '--data', 'more.csv', '-q');
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringContaining('a weight must be a number from 0, but is -1'),
  ]);
});

it('reads numbers of dates in later files as the whole training column had them', async () => {
  const day = (d: number) => new Date(Date.UTC(2023, 0, d)).toISOString().slice(0, 10).replaceAll('-', '');
  const days = Array.from({ length: 182 }, (_, i) => `${day(1 + 2 * i)},${(1 + 2 * i) / 10}`);
  write('int.csv', `opened,demand\n${days.join('\n')}\n`);
  const changed = [
    ...['-s', 'data.source=int.csv', '-s', 'data.features={ opened: { type: date, parts: [trend] } }'],
    ...['-s', 'tasks=[{ name: demand, type: regression }]', '-s', 'training.epochs=30'],
  ];
  const checked = await polytask('check', 'run.yaml', ...changed);
  expect(checked.stdout).toContain(
    'opened: date, numbers: packed (as the run file says) → 1 number, 2023-01-01 to 2023-12-29',
  );
  expect(checked.stdout).not.toContain('is an id');
  expect((await polytask('train', 'run.yaml', '-q', '-o', 'days', ...changed)).code).toBe(0);
  // 20230701 would be a morning of 1970 as milliseconds.
  write('late.csv', `opened\n${day(182)}\n2023-07-01\n${day(182)}.0\n`);
  const { stdout } = await polytask('predict', 'days', 'late.csv', '-q', '--to', 'csv', '--keep', 'opened');
  const [, ...rows] = stdout
    .trim()
    .split('\n')
    .map((row) => row.split(','));
  expect(rows.map(([opened]) => opened)).toEqual(['20230701', '2023-07-01', '20230701.0']);
  for (const [, demand] of rows) expect(Math.abs(Number(demand) - 18.2)).toBeLessThan(3);
  write('wrong.csv', 'opened\n1688169600000\n');
  const wrong = await polytask('predict', 'days', 'wrong.csv', '-q');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('1688169600000 is no date such as 20240131')]);
  const mixed = `opened,demand\n${days.slice(0, 50).join('\n')}\n1688169600000,3\n`;
  write('mixed.csv', mixed);
  const refused = await polytask('check', 'run.yaml', ...changed, '-s', 'data.source=mixed.csv');
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining('but mixed.csv, row 51, 1688169600000, is not one'),
  ]);
});

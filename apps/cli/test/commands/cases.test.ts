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

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawBatch } from '@polytask/core';
import { multiMnist } from '@polytask/data/node';
import * as tf from '@tensorflow/tfjs';
import * as ortNode from 'onnxruntime-node';
import * as ortWeb from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messages, readWire, strings } from '../../../../packages/compiler/test/lower/onnx/wire.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

ortWeb.env.wasm.numThreads = 1;
const size = 64;
const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** Classes with and without names, and values with a unit and with constants that are learned from the labels. */
const text = `data: { use: multimnist, layout: image, size: { train: 128, test: ${size} } }
tasks:
  - { name: left, type: classification, classes: [${digits.join(', ')}] }
  - { name: right, type: classification, classes: 10 }
  - { name: total, type: regression, column: sum, unit: points }
sharing:
  use: hard-sharing
  encoder: { use: conv-net, filters: [2, 3], dense: [8], batchNorm: true }
training: { epochs: 2, batchSize: 32 }
seed: 3
`;

const cwd = mkdtempSync(join(tmpdir(), 'polytask-export-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function polytask(...args: string[]) {
  const { io, stdout, stderr } = fakeIo(cwd);
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** What the run itself measured on its test rows, and these rows. */
let measured: Readonly<Record<string, Readonly<Record<string, number>>>>;
let rows: RawBatch;

beforeAll(async () => {
  writeFileSync(join(cwd, 'run.yaml'), text);
  const { code, stdout, stderr } = await polytask('train', 'run.yaml', '--json', '-q', '-o', 'out');
  expect(code, stderr).toBe(0);
  measured = JSON.parse(stdout).joint.tasks;
  // The data that tasks are measured on are the same in every run.
  const test = await multiMnist({ split: 'test', seed: 1, size, layout: 'image' });
  rows = test.gather(Array.from({ length: size }, (_, row) => row));
}, 120_000);

/** Measures predictions `[64, 10]`, `[64, 10]` and `[64]` by hand, and compares with what the run measured. */
function expectMeasured(predictions: Readonly<Record<string, ArrayLike<number>>>): void {
  for (const task of ['left', 'right']) {
    const labels = rows.columns[task]?.data as Int32Array;
    const found = predictions[task] as ArrayLike<number>;
    let [right, cost] = [0, 0];
    labels.forEach((label, row) => {
      const probabilities = Array.from({ length: 10 }, (_, k) => found[row * 10 + k] as number);
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      if (probabilities.indexOf(Math.max(...probabilities)) === label) right += 1;
      cost -= Math.log(probabilities[label] as number);
    });
    expect(right / size).toBe(measured[task]?.accuracy);
    expect(cost / size).toBeCloseTo(measured[task]?.logLoss as number, 4);
  }
  const sums = rows.columns.sum?.data as Int32Array;
  const error = Array.from(sums, (sum, row) => Math.abs(sum - (predictions.total?.[row] as number)));
  expect(error.reduce((total, one) => total + one, 0) / size).toBeCloseTo(measured.total?.mae as number, 4);
}

const image = () => rows.inputs.image?.data as Float32Array;

describe('polytask export --format onnx', () => {
  it('writes a model that predicts in onnxruntime-node and -web what the run measured', async () => {
    const { code, stdout, stderr } = await polytask('export', 'out', '--format', 'onnx');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^ONNX of out:\n {2}out\/model\.onnx \(\d+ kB\)\nInputs: image float32 \[rows, 28, 28, 1\]\nOutputs: left \(classification\), right \(classification\), total \(regression\)\n$/,
    );
    const bytes = readFileSync(join(cwd, 'out/model.onnx'));
    for (const ort of [ortNode, ortWeb] as (typeof ortNode)[]) {
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
      expect([session.inputNames, session.outputNames]).toEqual([['image'], ['left', 'right', 'total']]);
      const run = (count: number) =>
        session.run({ image: new ort.Tensor('float32', image().slice(0, count * 784), [count, 28, 28, 1]) });
      const all = await run(size);
      expectMeasured(Object.fromEntries(Object.entries(all).map(([task, { data }]) => [task, data as Float32Array])));
      const one = await run(1);
      expect(one.left?.dims).toEqual([1, 10]);
      expect(one.total?.data[0]).toBeCloseTo(all.total?.data[0] as number, 4);
      await session.release();
    }
  });

  it('says in metadata what comes out', async () => {
    await polytask('export', 'out', '--format', 'onnx', '-o', 'described.onnx');
    const entries = messages(readWire(readFileSync(join(cwd, 'described.onnx'))), 14).map((entry) => [
      strings(entry, 1)[0],
      strings(entry, 2)[0],
    ]);
    const entry = (key: string) => JSON.parse(Object.fromEntries(entries)[key]);
    expect(entry('polytask.tasks')).toMatchObject([
      { name: 'left', type: 'classification', output: 'left', classes: digits },
      { name: 'right', type: 'classification', options: { classes: 10 } },
      { name: 'total', type: 'regression', unit: 'points' },
    ]);
    expect(entry('polytask.inputs')).toEqual({ image: { shape: [28, 28, 1], dtype: 'float32' } });
  });

  it('fixes the number of rows where that is asked for', async () => {
    const args = ['export', 'out', '--format', 'onnx', '-o', 'fixed.onnx'];
    const { code, stdout } = await polytask(...args, '--batch', '2', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'done',
      format: 'onnx',
      batch: 2,
      tasks: [{ name: 'left' }, {}, {}],
    });
    const session = await ortNode.InferenceSession.create(join(cwd, 'fixed.onnx'), { logSeverityLevel: 4 });
    const run = (count: number) =>
      session.run({ image: new ortNode.Tensor('float32', image().slice(0, count * 784), [count, 28, 28, 1]) });
    expect((await run(2)).left?.dims).toEqual([2, 10]);
    await expect(run(3)).rejects.toThrow();
    await session.release();
    expect(await polytask(...args, '--batch', 'x', '--force')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--batch x: found "x", expected a whole number from 1'),
    });
  });

  it('overwrites nothing without --force', async () => {
    const args = ['export', 'out', '--format', 'onnx', '-o', 'kept.onnx'];
    writeFileSync(join(cwd, 'kept.onnx'), 'mine');
    const { code, stdout, stderr } = await polytask(...args, '--json');
    expect([code, readFileSync(join(cwd, 'kept.onnx'), 'utf8')]).toEqual([2, 'mine']);
    expect(stderr).toMatch(/^--output kept\.onnx: this file is there already; --force replaces it/);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'invalid', mistakes: [{ where: '--output kept.onnx' }] });
    expect((await polytask(...args, '--force')).code).toBe(0);
    expect(readFileSync(join(cwd, 'kept.onnx')).length).toBeGreaterThan(1000);
  });
});

describe('polytask export --format tfjs', () => {
  it('writes a model that tfjs loads and that predicts what the run measured', async () => {
    const { code, stdout, stderr } = await polytask('export', 'out', '--format', 'tfjs', '--output', 'site/model');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^tfjs layers model of out:\n {2}site\/model\/model\.json .*\n {2}site\/model\/weights\.bin /,
    );
    expect(readdirSync(join(cwd, 'site/model')).sort()).toEqual(['model.json', 'weights.bin']);
    const before = tf.memory().numTensors;
    const fetchFunc = async (address: string) => {
      const name = address.split('/').at(-1) as string;
      const type = name === 'model.json' ? 'application/json' : 'application/octet-stream';
      return new Response(readFileSync(join(cwd, 'site/model', name)), { headers: { 'Content-Type': type } });
    };
    const model = await tf.loadLayersModel(
      tf.io.http('http://localhost/model.json', { fetchFunc: fetchFunc as never }),
    );
    expect(model.outputNames).toEqual(['left', 'right', 'total']);
    const input = tf.tensor(image(), [size, 28, 28, 1]);
    const outputs = model.predict(input) as tf.Tensor[];
    expectMeasured(Object.fromEntries(outputs.map((output, k) => [model.outputNames[k] as string, output.dataSync()])));
    tf.dispose([input, ...outputs]);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const { userDefinedMetadata } = JSON.parse(readFileSync(join(cwd, 'site/model/model.json'), 'utf8'));
    expect(JSON.parse(userDefinedMetadata['polytask.tasks'])).toMatchObject([
      { classes: digits },
      {},
      { unit: 'points' },
    ]);
  });

  it('refuses what has no rows to fix', async () => {
    const { code, stderr } = await polytask('export', 'out', '--format', 'tfjs', '--batch', '2');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--batch 2: only ONNX models')]);
  });
});

describe('polytask export', () => {
  it('ends with 1 where the format cannot hold the model, and writes nothing', async () => {
    const gelu = text
      .replace('conv-net, filters: [2, 3], dense: [8], batchNorm: true', 'mlp, units: [4], activation: gelu')
      .replace('epochs: 2', 'epochs: 1');
    writeFileSync(join(cwd, 'gelu.yaml'), gelu);
    const run = await polytask('train', 'gelu.yaml', '-q', '-o', 'gelu');
    expect(run.code, run.stderr).toBe(0);
    const { code, stdout, stderr } = await polytask('export', 'gelu', '--format', 'tfjs', '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { error: { code: 'POLYTASK_EXPORT_LAYERS' } }]);
    expect(stderr).toMatch(/^The export failed: .*Export it to ONNX instead.* Here: `--format onnx`\./);
    expect(readdirSync(join(cwd, 'gelu'))).not.toContain('tfjs');
  });

  it('leaves no tensor', async () => {
    await polytask('export', 'out', '--format', 'onnx', '-o', 'a.onnx');
    const before = tf.memory().numTensors;
    await polytask('export', 'out', '--format', 'onnx', '-o', 'b.onnx');
    await polytask('export', 'out', '--format', 'tfjs', '-o', 'b');
    expect(tf.memory().numTensors).toBe(before);
    expect(readFileSync(join(cwd, 'b.onnx'))).toEqual(readFileSync(join(cwd, 'a.onnx')));
  });
});

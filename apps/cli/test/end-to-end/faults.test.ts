// Faults of whoever asks end with 2 and a place, those of the machine with 1; neither is a fault of Polytask.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCheckpoint, encodeCheckpoint, type HostTensor } from '@polytask/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finishedRun, polytask, tableRun } from '../helpers/finished-run.js';

let run: Awaited<ReturnType<typeof finishedRun>>;
beforeAll(async () => {
  run = await finishedRun();
}, 60_000);
afterAll(() => run.remove());

describe('a model with numbers that are not finite', () => {
  it.each([
    ['predict', 'r', 't.csv'],
    ['evaluate', 'r'],
    ['export', 'r', '-f', 'onnx'],
  ])('is refused by %s, by the name of the variable', async (...args: string[]) => {
    const cwd = run.copy();
    const file = join(cwd, 'r/model.safetensors');
    const { state, tensors } = await decodeCheckpoint(readFileSync(file));
    const [[path, { data }]] = Object.entries(tensors) as [[string, HostTensor]];
    data.fill(Number.NaN);
    writeFileSync(file, await encodeCheckpoint({ state, tensors }));
    const { code, stdout, stderr } = await polytask(cwd, ...args);
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      expect.stringContaining(`in its variable \`${path}\` number 0 is NaN`),
    ]);
  });
});

it('prints a finished run again without writing to its folder', async () => {
  const cwd = run.copy();
  // What another process would hold, and what going on would have to wait for.
  writeFileSync(join(cwd, 'r/lock-1'), JSON.stringify({ pid: 1, host: 'elsewhere', started: 'now', process: '' }));
  const before = readdirSync(join(cwd, 'r'));
  const { code, stdout, stderr } = await polytask(cwd, 'train', '--resume', 'r');
  expect([code, stdout], stderr).toEqual([0, expect.stringContaining('price')]);
  expect(readdirSync(join(cwd, 'r'))).toEqual(before);
});

describe('wrong input ends with 2 and its place', () => {
  it.each([
    [['check', 'run.yaml', '-s', 'data.cache=run.yaml'], /^--set data\.cache=run\.yaml: this cannot be opened: EEXIST/],
    [['check', 'run.yaml', '-s', 'data.cache=t.csv/below'], /^--set data\.cache=t\.csv\/below: .*ENOTDIR/],
    [['export', 'r', '-f', 'onnx', '--batch', '99999999999999999999'], /^--batch 9+: .*from 1 to 1048576/],
    [['train', 'run.yaml', '--seed', '99999999999999999999999'], /^--seed 9+: `seed`: .*a whole number from 0/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await polytask(run.copy(), ...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe('mistakes are told all at once', () => {
  it('of columns, of watched metrics, of plugins and of the output folder', async () => {
    const cwd = run.copy();
    const text = `${tableRun
      .replace('cache: cache', 'cache: cache, features: [a, aa], exclude: [bb]')
      .replace('name: price', 'name: prise')
      .replace('epochs: 2', 'epochs: 2, earlyStopping: { patience: 1, monitor: { task: big, metric: sharpness } }')}
split: { validation: 0.2 }
balancing: { use: "./missing.mjs#x" }
output: r
`;
    writeFileSync(join(cwd, 'wrong.yaml'), text);
    const { code, stderr } = await polytask(cwd, 'check', 'wrong.yaml');
    expect(code).toBe(2);
    for (const told of [
      'there is no column `aa`',
      'there is no column `bb`',
      'there is no column `prise`',
      'has no metric `sharpness`',
      'there is no file `./missing.mjs`',
      'the folder has 4 things in it already',
    ]) {
      expect(stderr).toContain(told);
    }
    expect(stderr).toContain('6 mistakes; nothing was done.');
  });

  it.each([
    ['file', 'source: t.csv', 'source: none.csv', 'there is no file'],
    ['column', 'cache: cache', 'cache: cache, features: [a, aa]', 'there is no column `aa`'],
  ])('of a model that is too large whatever the data are, where a %s is wrong', async (_, from, to, told) => {
    const cwd = run.copy();
    const text = tableRun.replace(from, to).replace('units: [4]', 'units: [40000, 40000]');
    writeFileSync(join(cwd, 'wrong.yaml'), text);
    const { code, stderr } = await polytask(cwd, 'check', 'wrong.yaml');
    expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
    expect(stderr).toMatch(/wrong\.yaml:5:\d+: .*at most 1073741824 numbers/);
    expect(stderr).toContain('2 mistakes; nothing was done.');
  });

  it('of a row', async () => {
    const cwd = run.copy();
    writeFileSync(join(cwd, 'rows.jsonl'), '{"a":"x","b":"y"}\n{"a":1,"b":2}\n');
    const { code, stderr } = await polytask(cwd, 'predict', 'r', 'rows.jsonl');
    expect(code).toBe(2);
    expect(stderr).toMatch(/rows\.jsonl, row 1, column `a`: .*\n.*rows\.jsonl, row 1, column `b`: /);
    expect(stderr).toContain('all rows must be right, but 1 cannot be read');
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { polytask, table } from '../helpers/finished-run.js';

const config = (
  tasks: string,
  seed = 3,
  units = 4,
  more = '',
) => `data: { use: table, source: t.csv, cache: cache, features: [a, b], only: true }
tasks:
${tasks}
sharing: { use: hard-sharing, encoder: { use: mlp, units: [${units}], batchNorm: true } }
training: { epochs: 4, batchSize: 16, earlyStopping: false }
backend: cpu
seed: ${seed}
${more}`;
const price = '  - { name: price, type: regression }';
const big = '  - { name: big, type: binary }';

const shell = async (files: Record<string, string>) => {
  const cwd = folderWith({ 't.csv': table, ...files });
  for (const name of Object.keys(files)) {
    const { code, stderr } = await polytask(cwd, 'train', name, '-q', '-o', name.replace('.yaml', ''));
    if (code !== 0) throw new Error(stderr);
  }
  return cwd;
};

it('merges the trunks of runs that began alike, keeps their heads, and leaves a run folder like any other', async () => {
  const cwd = await shell({
    'price.yaml': config(price),
    'big.yaml': config(big),
    'both.yaml': config(`${price}\n${big}`),
  });
  const methods = ['average', 'task-arithmetic', 'ties', 'dare', 'fisher', 'reg-mean'];
  for (const method of methods) {
    const { code, stdout, stderr } = await polytask(
      cwd,
      'merge',
      'price',
      'big',
      '-m',
      method,
      '-o',
      `m-${method}`,
      '--joint',
      'both',
      '-q',
    );
    expect(stderr, method).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^task +metric +alone +merged +Δm +together\nprice +rmse ↓/);
    expect(stdout).toContain(`Merged by ${method} from price, big.`);
  }
  const document = JSON.parse(readFileSync(join(cwd, 'm-average/run.json'), 'utf8'));
  expect(document).toMatchObject({
    status: 'done',
    merged: { method: 'average', numbers: {}, runs: ['price', 'big'] },
    tasks: [{ name: 'price' }, { name: 'big' }],
    singleTask: { price: {}, big: {} },
    deltaM: { leftOut: {} },
  });
  // What it says of itself is what is measured of it.
  const measured = await polytask(cwd, 'evaluate', 'm-average', '--json', '-q');
  expect(JSON.parse(measured.stdout).scores).toEqual(document.joint.tasks);
  const predicted = await polytask(cwd, 'predict', 'm-average', 't.csv', '-q');
  expect(Object.keys(JSON.parse(predicted.stdout.split('\n')[0] as string))).toEqual(
    expect.arrayContaining(['price', 'big']),
  );
});

it('copies of one run merge to that run, but for the statistics of its batches', async () => {
  const cwd = await shell({ 'one.yaml': config(price).replace(', batchNorm: true', '') });
  const { code, stdout } = await polytask(
    cwd,
    'merge',
    'one',
    'one',
    '-m',
    'ties',
    '--keep',
    '1',
    '-o',
    'm',
    '--json',
    '-q',
  );
  expect(code).toBe(0);
  const [merged, alone] = [
    JSON.parse(stdout).joint.tasks.price,
    JSON.parse(readFileSync(join(cwd, 'one/run.json'), 'utf8')).joint.tasks.price,
  ];
  expect(merged.rmse).toBeCloseTo(alone.rmse, 4);
});

it('refuses runs that do not fit each other, and numbers that a method does not have', async () => {
  const cwd = await shell({
    'price.yaml': config(price),
    'seeded.yaml': config(big, 4),
    'wide.yaml': config(big, 3, 5),
    'other.yaml': config(big).replace('[a, b]', '[a]'),
  });
  const refusal = async (...args: string[]) => {
    const { code, stderr } = await polytask(cwd, 'merge', ...args, '-q', '-o', 'never');
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refusal('price')).toContain('name at least two run folders');
  expect(await refusal('price', 'seeded')).toContain(
    'seeded: `seed` is 4, but 3 in price; runs that are merged have to begin with the same weights',
  );
  expect(await refusal('price', 'wide')).toContain('only networks of one architecture can be merged');
  expect(await refusal('price', 'other')).toContain('merged networks have to read the same rows');
  expect(await refusal('price', 'nowhere')).toContain('there is no such folder');
  expect(await refusal('price', 'price', '--keep', '0.5')).toContain(
    'the method `average` has no such number; it takes none',
  );
  expect(await refusal('price', 'price', '-m', 'ties', '--keep', 'half')).toContain('found half, expected a number');
  expect(await refusal('price', 'price', '-m', 'ties', '--keep', '7')).toContain(
    'Option `keep` must be a number above 0 and to 1',
  );
  writeFileSync(join(cwd, 't.csv'), table.replace('0.5', '0.75'));
  expect(await refusal('price', 'price')).toContain('the data have changed since the run began');
});

it('keeps a rotation that one run has, and refuses to take the mean of two', async () => {
  const turned = (tasks: string, learningRate: number) =>
    config(tasks, 3, 4, `balancing: { use: roto-grad, learningRate: ${learningRate} }`).replace(
      ', batchNorm: true }',
      ' }, rotations: true',
    );
  const cwd = await shell({
    'slow.yaml': turned(`${price}\n${big}`, 0.01),
    'fast.yaml': turned(`${price}\n${big}`, 0.02),
    'a.yaml': turned(price, 0.01),
    'b.yaml': turned(big, 0.01),
  });
  const refused = await polytask(cwd, 'merge', 'slow', 'fast', '-q', '-o', 'never');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(
    /^fast: its rotation `rotations\/(price|big)\/matrix` of task `\1` is another than that of slow, .*merge runs of different tasks/,
  );
  expect(await polytask(cwd, 'merge', 'a', 'b', '-q', '-o', 'merged')).toMatchObject({ code: 0, stderr: '' });
});

// Names that every JavaScript object knows: as a task's they are refused, as columns and classes they are names like others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

const classes = ['__proto__', 'constructor', 'toString', '7'];
const columns = ['__proto__', 'constructor', 'toString', 'valueOf'];
const rows = Array.from({ length: 96 }, (_, i) => [
  ...[(i % 7) / 7, classes[i % 3], (i % 5) - 2, i % 2 === 0 ? 'yes' : 'no'],
  ...[i % 7, classes[i % 4]],
]);
const table = [[...columns, 'hasOwnProperty', 'isPrototypeOf'], ...rows].map((row) => row.join(',')).join('\n');

const run = `data: { use: table, source: rows.csv }
tasks:
  - { name: "7", column: hasOwnProperty, type: regression }
  - { name: length, column: isPrototypeOf, type: classification }
split: { validation: 0.2, test: 0.2 }
sharing: { use: hard-sharing, encoder: { use: tabular, units: [4] } }
training: { epochs: 3, batchSize: 16, earlyStopping: { patience: 2, restoreBest: true } }
compare: single-task
backend: cpu
`;

async function polytask(args: readonly string[], cwd: string, stopWhen?: string) {
  const controller = new AbortController();
  const { io, stdout, stderr } = fakeIo(cwd, controller.signal);
  io.stderr.on('data', (text: Buffer) => stopWhen !== undefined && `${text}`.includes(stopWhen) && controller.abort());
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

const results = (folder: string) => {
  const timeless = (key: string, value: unknown) => (key === 'seconds' ? undefined : value);
  const { joint, singleTask, deltaM } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'), timeless);
  return { joint, singleTask, deltaM, model: readFileSync(join(folder, 'model.safetensors')) };
};

it('trains, goes on, measures, predicts and exports with columns and classes of such names', async () => {
  const cwd = folderWith({ 'rows.csv': table, 'run.yaml': run });
  const whole = await polytask(['train', 'run.yaml', '-o', 'whole'], cwd);
  expect(whole.code, whole.stderr).toBe(0);
  for (const [folder, stop] of [
    ['first', 'epoch 1/3'],
    ['second', 'Training task length alone'],
  ] as const) {
    expect((await polytask(['train', 'run.yaml', '-o', folder], cwd, stop)).code).toBeUndefined();
    const resumed = await polytask(['train', '--resume', folder], cwd);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(results(join(cwd, folder))).toEqual(results(join(cwd, 'whole')));
  }
  const measured = await polytask(['evaluate', 'whole', '--json'], cwd);
  expect(JSON.parse(measured.stdout).scores).toEqual(results(join(cwd, 'whole')).joint.tasks);

  const names = [
    '__proto__',
    '7',
    'length',
    'length.probability',
    ...[...classes].sort().map((c) => `length.probability.${c}`),
  ];
  for (const to of ['csv', 'jsonl']) {
    const { stdout } = await polytask(['predict', 'whole', 'rows.csv', '--id', '__proto__', '--to', to], cwd);
    const [first = '', second = ''] = stdout.split('\n');
    const found = to === 'csv' ? first.split(',') : [...second.matchAll(/"([^"]+)":/g)].map(([, name]) => name);
    expect(found).toEqual(names);
  }
  expect((await polytask(['export', 'whole', '-f', 'onnx'], cwd)).code).toBe(0);
});

it.each(['__proto__', 'constructor', 'toString'])(
  'refuses a task called %s with its place, before anything is read',
  async (name) => {
    const cwd = folderWith({ 'rows.csv': table, 'run.yaml': run.replace('name: length', `name: ${name}`) });
    for (const command of ['train', 'check']) {
      const { code, stderr } = await polytask([command, 'run.yaml'], cwd);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^run\.yaml:4:13: `\w+` cannot be a task's name/)]);
    }
  },
);

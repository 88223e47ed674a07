import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { decodeCheckpoint } from '@polytask/core';
import { expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

const rows = (count: number, last: (i: number) => unknown) =>
  Array.from({ length: count }, (_, i) => `${i % 17},${i % 3 ? 'Oslo' : 'Bergen'},${1 + (i % 2)},${last(i)}`);
const files = {
  'homes.csv': ['size,town,weight,x,y', ...rows(60, (i) => `${i % 17},${-(i % 17)}`), ''].join('\n'),
  'flats.csv': ['size,town,weight,grade', ...rows(24, (i) => (i % 17 > 8 ? 'large' : 'small')), ''].join('\n'),
};

/** Two tables on disk, one with vectors, weighed and mixed. */
const run = `data:
  use: task-tables
  tables:
    place: { source: homes.csv }
    grade: { source: flats.csv }
  weight: { place: weight }
  memory: 0
  cache: cache
  mixing: { use: temperature-mixing, temperature: 4 }
split: { validation: 0.1, test: 0.25 }
tasks:
  - { name: place, type: regression, columns: [x, y] }
  - { name: grade, type: classification }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [8] } }
training: { epochs: 3, batchSize: 4, checkpoints: { everySteps: 2 } }
backend: cpu
`;

it('trains on a table per task, goes on to the same numbers, predicts and measures', async () => {
  const cwd = folderWith({ ...files, 'run.yaml': run });
  const polytask = async (args: readonly string[], { stopAt = '', stdin = '' } = {}) => {
    const controller = new AbortController();
    const { io, stdout, stderr } = fakeIo(cwd, controller.signal);
    io.stderr.on('data', (text: Buffer) => stopAt !== '' && text.includes(stopAt) && controller.abort());
    const code = await runProgram(args, { ...io, ...(stdin === '' ? {} : { stdin: Readable.from([stdin]) as never }) });
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  };
  expect(await polytask(['train', 'run.yaml', '-o', 'whole', '--json'])).toMatchObject({ code: 0 });
  const stopped = await polytask(['train', 'run.yaml', '-o', 'parts'], { stopAt: 'epoch 1/3' });
  expect([stopped.code, existsSync(join(cwd, 'parts/model.safetensors'))]).toEqual([undefined, false]);
  const resumed = await polytask(['train', '--resume', 'parts']);
  expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining('epoch 3/3')]);
  const tensorsOf = async (folder: string) =>
    (await decodeCheckpoint(readFileSync(join(cwd, folder, 'model.safetensors')))).tensors;
  expect(await tensorsOf('parts')).toEqual(await tensorsOf('whole'));

  const measured = JSON.parse((await polytask(['evaluate', 'parts', '--json'])).stdout);
  // A quarter of each table.
  expect([measured.scores.place.rows, measured.scores.grade.rows]).toEqual([15, 6]);
  const { joint, data } = JSON.parse(readFileSync(join(cwd, 'parts/run.json'), 'utf8'));
  expect(measured.scores).toEqual(joint.tasks);
  expect(data.split).toMatchObject({ by: 'stratify', rows: { train: 55, validation: 8, test: 21 } });

  const predicted = await polytask(['predict', 'parts', '-q'], { stdin: 'size,town\n3,Oslo\n16,Bergen\n' });
  const lines = predicted.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(Object.keys)).toEqual(new Array(2).fill(expect.arrayContaining(['place.x', 'place.y', 'grade'])));
  const file = 'size,town,x,y,grade\n3,Oslo,3,,small\n16,Bergen,,,large\n';
  const other = await polytask(['evaluate', 'parts', '--data', '-', '--json'], { stdin: file });
  const { scores } = JSON.parse(other.stdout);
  expect([scores.place.rows, scores.grade.rows]).toEqual([1, 2]);
  expect(scores.place.mae).toBeCloseTo(Math.abs(lines[0]['place.x'] - 3), 4);
}, 120_000);

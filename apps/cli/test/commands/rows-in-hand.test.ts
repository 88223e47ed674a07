// What a run does with its rows besides learning from them: parts, folds, calibration, thresholds, going on, other rows.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, polytask as inFolder } from '../helpers/finished-run.js';

ort.env.wasm.numThreads = 1;
const cwd = mkdtempSync(join(tmpdir(), 'polytask-rows-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const polytask = (...args: string[]): Promise<Ended> => inFolder(cwd, ...args);
const write = (name: string, text: string | Uint8Array) => writeFileSync(join(cwd, name), text);
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(cwd, ...path), 'utf8'));
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const ok = async (...args: string[]) => {
  const ended = await polytask(...args);
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
};

/** A PNG of one value, grey or of as many colours. */
function png(value: number, side = 4, channels: 1 | 3 = 1): Buffer {
  const crc = (bytes: Buffer) => {
    let rest = ~0;
    for (const byte of bytes) {
      rest ^= byte;
      for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    }
    return ~rest >>> 0;
  };
  const chunk = (type: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), content]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, channels - 1, 0, 0, 0]);
  const lines = Buffer.concat(
    Array.from({ length: side }, () => Buffer.from([0, ...Array(side * channels).fill(value)])),
  );
  const begin = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const image = chunk('IDAT', deflateSync(lines));
  return Buffer.concat([begin, chunk('IHDR', header), image, chunk('IEND', Buffer.alloc(0))]);
}

const genres = ['drama', 'drama', 'drama', 'war', 'war', 'noir'];
const tags = ['long|sad', 'sad', '', 'long', 'long|old', 'old'];
const line = (row: number) =>
  [row, (row * 7) % 13, row % 10, genres[row % 6], row % 4 === 1 ? 'yes' : 'no', tags[row % 6]].join(',');
const columns = 'x,z,price,genre,late,tags';
const table = [columns, ...Array.from({ length: 120 }, (_, row) => line(row)), ''].join('\n');
const run = `data: { use: table, source: t.csv, cache: cache }
split: { stratify: [genre, late] }
tasks:
  - { name: price, type: regression }
  - { name: genre, type: classification, minCount: 14, other: rest }
  - { name: late, type: binary, threshold: auto }
  - { name: tags, type: multi-label }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [6] } }
optimizer: { use: adam, learningRate: 0.02 }
training: { epochs: 3, batchSize: 16 }
calibration: temperature
backend: cpu
seed: 1
`;

let trained: Ended;
beforeAll(async () => {
  write('t.csv', table);
  write('run.yaml', run);
  trained = await ok('train', 'run.yaml', '-o', 'r');
});

describe('a run of a table', () => {
  it('says what it found on validation rows, and its model has it', async () => {
    const { joint, config } = readJson('r', 'run.json');
    expect(Object.keys(joint.calibration)).toEqual(['genre', 'late', 'tags']);
    const { temperature, errorBefore, errorAfter, threshold } = joint.calibration.late;
    expect([temperature > 0, errorBefore >= 0, errorAfter >= 0, threshold > 0 && threshold < 1]).toEqual(
      Array(4).fill(true),
    );
    // The run file says what was asked for, the model what came of it.
    expect(config.tasks[2].threshold).toBe('auto');
    const { stdout } = await ok('evaluate', 'r', '-q', '--json');
    const again = JSON.parse(stdout);
    expect(again.scores.late).toEqual(joint.tasks.late);
    const other = JSON.parse((await ok('evaluate', 'r', '-q', '--json', '--threshold', 'late=0.999999')).stdout);
    expect(other.scores.late.f1).toBe(0);
  });

  it('lists every column with what it was taken for, in `check` and `train`', async () => {
    const { stdout } = await ok('check', 'run.yaml');
    for (const text of [trained.stderr, stdout]) {
      expect(text).toContain('x: number (integer values) → 1 number, 0 to 119\n');
      expect(text).toContain('genre: label, classes (a task learns it), 3 different: drama, war, rest\n');
      expect(text).toContain(
        'tags: label, several labels (a task learns it), 3 different: long, old, sad, 20 missing\n',
      );
      expect(text).toContain('`x`: all 120 whole numbers are different');
      expect(text).toContain('classes of fewer than 14 training rows are one, `rest`');
    }
  });

  it('predicts rows of its parts by their numbers', async () => {
    const { stdout } = await ok('predict', 'r', '--part', 'test', '-q');
    const rows = linesOf(stdout);
    expect(rows).toHaveLength(24);
    // The same as for the raw row with that number.
    write('some.csv', [columns, ...rows.map(({ row }) => line(row)), ''].join('\n'));
    const raw = linesOf((await ok('predict', 'r', 'some.csv', '-q')).stdout);
    expect(rows.map(({ row: _, ...row }) => row)).toEqual(raw);
    expect(Object.keys(raw[0])).toContain('tags.sad');
    const inside = linesOf((await ok('predict', 'r', '--part', 'test', '--intermediates', '-q')).stdout);
    const same = linesOf((await ok('predict', 'r', 'some.csv', '--intermediates', '-q')).stdout);
    expect(inside.map(({ row: _, ...row }) => row)).toEqual(same);
    expect(Object.keys(inside[0]).filter((name) => name.startsWith('shared.'))).toHaveLength(6);
    const all = await Promise.all(['training', 'validation'].map((part) => ok('predict', 'r', '--part', part, '-q')));
    const ids = [...all.flatMap((one) => linesOf(one.stdout)), ...rows].map(({ row }) => row);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, row) => row));
    const both = await polytask('predict', 'r', 'some.csv', '--part', 'test');
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('rows come from some.csv already')]);
    expect((await polytask('predict', 'r', '--part', 'test', '--keep', 'x')).stderr).toContain('--keep x');
  });

  it('says of rows with decimal commas what they look like', async () => {
    write('commas.csv', 'x;z\n1,5;2\n2,5;3\n');
    for (const command of [
      ['predict', 'r', 'commas.csv'],
      ['evaluate', 'r', '--data', 'labelled.csv'],
    ]) {
      write('labelled.csv', 'x;z;price\n1,5;2;1\n2,5;3;2\n');
      const { code, stderr } = await polytask(...command);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /\.csv: The numbers of `x` look like decimal commas: `csv: \{ decimal: ',' \}`; later files are/,
      );
    }
  });

  it('chooses a threshold on its validation rows, whatever it was trained with', async () => {
    const { threshold } = readJson('r', 'run.json').joint.calibration.late;
    const ended = await ok('evaluate', 'r', '--threshold', 'late=auto', '--threshold', 'tags=auto');
    expect(ended.stderr).toMatch(/best F1 on the validation rows: late .*, tags /);
    expect(ended.stderr).toContain(threshold.toFixed(4));
    const wrong = await polytask('evaluate', 'r', '--threshold', 'price=auto');
    expect(wrong.stderr).toContain('task `price` has no threshold');
  });

  it('is measured on rows that have some of the labels', async () => {
    write('prices.csv', ['x,z,price', ...Array.from({ length: 9 }, (_, row) => `${row},${row},${row}`), ''].join('\n'));
    const { stdout, stderr } = await ok('evaluate', 'r', '--data', 'prices.csv');
    expect(stderr).toContain('Left out: genre, late, tags, of which no row has a label.');
    expect(stdout).toMatch(/price +9 /);
    expect(stdout).not.toMatch(/genre/);
    write('bare.csv', 'x,z\n1,2\n');
    const none = await polytask('evaluate', 'r', '--data', 'bare.csv');
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('a row with a label, in one of `price`')]);
  });

  it('is exported with its temperatures', async () => {
    await ok('export', 'r', '-f', 'onnx', '-o', 'm.onnx');
    const [first] = linesOf((await ok('predict', 'r', 'some.csv', '-q')).stdout);
    const [, text = ''] = readFileSync(join(cwd, 'some.csv'), 'utf8').split('\n');
    const [x = 0, z = 0] = text.split(',').map(Number);
    const session = await ort.InferenceSession.create(readFileSync(join(cwd, 'm.onnx')));
    const feed = (value: number) => new ort.Tensor('float64', Float64Array.of(value), [1]);
    const inputs = Object.fromEntries(session.inputNames.map((name) => [name, feed(name === 'x' ? x : z)]));
    const found = await session.run(inputs);
    const firstOf = (task: string) => (found[task] as ort.Tensor).data[0] as number;
    expect(firstOf('late')).toBeCloseTo(first['late.probability'], 5);
    expect(firstOf('genre')).toBeCloseTo(first['genre.probability.drama'], 5);
    await session.release();
  });
});

describe('training of another run', () => {
  it('goes on in a new folder, with more epochs and another rate', async () => {
    const few = await polytask('train', '--continue', 'r', '-q', '-o', 'more');
    expect([few.code, few.stderr]).toEqual([2, expect.stringContaining('3 epochs are done')]);
    const rate = ['-s', 'training.epochs=5', '-s', 'optimizer.learningRate=0.001'];
    await ok('train', '--continue', 'r', ...rate, '-q', '-o', 'more');
    const { joint, continued, config } = readJson('more', 'run.json');
    expect([joint.epochs, continued.epochs, continued.from]).toEqual([5, 3, expect.stringMatching(/^checkpoints/)]);
    expect(config.optimizer.learningRate).toBe(0.001);
    const epochs = readFileSync(join(cwd, 'more', 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(epochs.map((text) => JSON.parse(text).epoch)).toEqual([4, 5]);
    // With the settings that it had, it goes on as if it had not stopped.
    const whole = ['-s', 'training.epochs=5', '-s', 'training.earlyStopping=false'];
    const short = ['-s', 'training.epochs=2', '-s', 'training.earlyStopping=false'];
    const still = ['-s', 'calibration=none', '-s', 'tasks.2.threshold=0.5'];
    await ok('train', 'run.yaml', '-q', '-o', 'whole', ...whole, ...still);
    await ok('train', 'run.yaml', '-q', '-o', 'short', ...short, ...still);
    await ok('train', '--continue', 'short', '-q', '-o', 'rest', '-s', 'training.epochs=5');
    expect(readJson('rest', 'run.json').joint.tasks).toEqual(readJson('whole', 'run.json').joint.tasks);
    const other = await polytask('train', '--continue', 'r', '-q', '-s', 'training.epochs=9', '-s', 'split.seed=3');
    expect(other.stderr).toContain('the data have changed');
  });

  it('is where a new one starts from, by the names of weights', async () => {
    write('new.csv', [columns, ...Array.from({ length: 60 }, (_, row) => line(row + 200)), ''].join('\n'));
    const tuned = run
      .replace('source: t.csv', 'source: new.csv')
      .replace('epochs: 3', 'epochs: 1')
      .replace('learningRate: 0.02', 'learningRate: 1e-9')
      .replace('minCount: 14, other: rest', 'classes: [drama, war, rest, noir]')
      .replace('seed: 1', 'seed: 9\nstart: r');
    write('tuned.yaml', tuned.replace('classes: [drama, war, rest, noir]', 'classes: [drama, war, noir]'));
    await ok('train', 'tuned.yaml', '-q', '-o', 'tuned', '-s', 'calibration=none');
    // Nothing moved: other seeds and other rows, the same weights and the same encoding.
    const prices = async (folder: string) => linesOf((await ok('predict', folder, 'some.csv', '-q')).stdout);
    const [before, after] = [await prices('r'), await prices('tuned')];
    const deviation = 2.87;
    expect(after[0].price / deviation).toBeCloseTo(before[0].price / deviation, 0);
    expect(after[0]['tags.probability.sad']).toBeGreaterThan(0);
    write('tuned.yaml', tuned);
    const refused = await polytask('train', 'tuned.yaml', '-q', '-o', 'no');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/the weights of r do not fit: `.*genre.*\[6, 3\] there and \[6, 4\] here/);
    await ok('train', 'tuned.yaml', '-q', '-o', 'partial', '-s', 'start={run: r, partial: true}');
    const features = await polytask('check', 'tuned.yaml', '-s', 'data.exclude=[x]');
    expect(features.stderr).toContain('the features are those of r');
  });
});

describe('parts of other kinds', () => {
  const plain = ['-s', 'calibration=none', '-s', 'tasks.2.threshold=0.5', '-s', 'training.epochs=1'];

  it('learns from all rows', async () => {
    const { stdout } = await ok('train', 'run.yaml', '-q', '-o', 'all', '-s', 'split.test=0', ...plain);
    expect(readJson('all', 'run.json').rows).toEqual({ train: 102, validation: 18, test: 0 });
    expect(stdout).toMatch(/price +–/);
    const none = await polytask('evaluate', 'all');
    expect(none.stderr).toContain('this run set no test rows apart');
    expect((await ok('predict', 'all', 'some.csv', '-q')).stdout).not.toBe('');
  });

  it('takes files for parts', async () => {
    write('test.csv', [columns, ...Array.from({ length: 11 }, (_, row) => line(row + 300)), ''].join('\n'));
    const files = ['-s', 'split.files={test: test.csv}'];
    await ok('train', 'run.yaml', '-q', '-o', 'files', ...files, ...plain);
    const { rows, data } = readJson('files', 'run.json');
    expect([rows.test, rows.train + rows.validation, data.split.by]).toEqual([11, 120, 'files']);
    const both = await polytask('check', 'run.yaml', ...files, '-s', 'split.test=0.2');
    expect(both.stderr).toContain('leave `test` out');
    const twice = await polytask('check', 'run.yaml', '-s', 'split.files={training: t.csv, test: test.csv}');
    expect(twice.stderr).toContain('`data.source` names these files already');
  });

  it('trains a network for each fold, and tells means with their spread', async () => {
    const folds = ['-s', 'split.folds=3'];
    const { stdout } = await ok('train', 'run.yaml', '-o', 'folds', ...folds, ...plain);
    expect(stdout).toMatch(/price +\d+\.\d+ ± \d/);
    const document = readJson('folds', 'run.json');
    expect(document.status).toBe('done');
    const values = document.folds.map((fold: { tasks: { price: { rmse: number } } }) => fold.tasks.price.rmse);
    const mean = values.reduce((sum: number, value: number) => sum + value, 0) / 3;
    const squares = values.reduce((sum: number, value: number) => sum + (value - mean) ** 2, 0);
    expect(document.overFolds.price.rmse.mean).toBeCloseTo(mean, 12);
    expect(document.overFolds.price.rmse.spread).toBeCloseTo(Math.sqrt(squares / 2), 12);
    const tested = document.folds.map((fold: { rows: { test: number } }) => fold.rows.test);
    expect(tested.reduce((sum: number, count: number) => sum + count, 0)).toBe(120);
    // Each is a run of its own; what is missing is trained when the whole goes on.
    expect(linesOf((await ok('predict', 'folds/fold-2', 'some.csv', '-q')).stdout)).toHaveLength(24);
    rmSync(join(cwd, 'folds', 'fold-3'), { recursive: true });
    write('folds/run.json', JSON.stringify({ ...document, status: 'interrupted', folds: document.folds.slice(0, 2) }));
    await ok('train', '--resume', 'folds', '-q');
    expect(readJson('folds', 'run.json').overFolds).toEqual(document.overFolds);
    const wrong = await polytask('check', 'run.yaml', ...folds, '-s', 'split.test=0.2');
    expect(wrong.stderr).toContain('each of the folds is for testing once');
  });
});

it('predicts images, in files and folders, for a model of images', async () => {
  for (const kind of ['dark', 'light']) mkdirSync(join(cwd, 'images', kind), { recursive: true });
  for (let i = 0; i < 24; i++) {
    const [kind, value] = i % 2 ? ['light', 200 + i] : ['dark', 10 + i];
    write(`images/${kind}/${i}.png`, png(value as number));
  }
  write(
    'images.yaml',
    `data: { use: images, folder: images }
tasks: [{ name: kind, column: class, type: classification }]
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
optimizer: { use: adam, learningRate: 0.05 }
training: { epochs: 40, batchSize: 8 }
backend: cpu
`,
  );
  await ok('train', 'images.yaml', '-q', '-o', 'seen');
  write('one.png', png(230));
  const { stdout } = await ok('predict', 'seen', 'one.png', 'images/dark', '-q', '--to', 'csv');
  const lines = stdout.trim().split('\n');
  expect(lines[0]).toBe('file,kind,kind.probability,kind.probability.dark,kind.probability.light');
  expect(lines[1]).toMatch(/^one\.png,light,/);
  expect(lines.slice(2).every((text) => /^images\/dark\/\d+\.png,dark,/.test(text))).toBe(true);
  expect(lines).toHaveLength(14);
  // A grey image of colours is the image that it was; intermediates are those of its row.
  write('coloured.png', png(230, 4, 3));
  const both = linesOf((await ok('predict', 'seen', 'one.png', 'coloured.png', '--intermediates', '-q')).stdout);
  const [grey, coloured] = both.map(({ file: _, ...row }) => row);
  expect(Object.keys(grey)).toContain('shared.3');
  expect(coloured).toEqual(grey);
  write('large.png', png(1, 5));
  const large = await polytask('predict', 'seen', 'large.png');
  expect([large.code, large.stderr]).toEqual([2, expect.stringContaining('the images of training, 4 × 4')]);
  // In another part of the training data, `check` says so, with both files.
  write('images/light/25.png', png(1, 5));
  const checked = await polytask('check', 'images.yaml');
  expect([checked.code, checked.stderr]).toEqual([2, expect.stringMatching(/0\.png, 4 × 4, but .*25\.png is 5 × 5/)]);
  rmSync(join(cwd, 'images/light/25.png'));
  const none = await polytask('predict', 'seen');
  expect(none.stderr).toContain('this model takes images');
  const part = linesOf((await ok('predict', 'seen', '--part', 'test', '-q')).stdout);
  expect(part.map(({ kind }) => kind)).toHaveLength(5);
});

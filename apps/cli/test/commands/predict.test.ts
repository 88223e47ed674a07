import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { loadCheckpoint } from '@polytask/core/node';
import { encodeRows, type TableEncoding } from '@polytask/data';
import { readRows } from '@polytask/data/node';
import { loadModel } from '@polytask/experiment';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallRun } from '../../../../test/support/configs.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

const examples = join(import.meta.dirname, '../../../../examples');
const weather = join(examples, 'node_modules/vega-datasets/data/weather.csv');
const cwd = mkdtempSync(join(tmpdir(), 'polytask-predict-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function polytask(args: readonly string[], stdin?: string) {
  const { io, stdout, stderr } = fakeIo(cwd);
  const code = await runProgram(args, stdin === undefined ? io : { ...io, stdin: Readable.from([Buffer.from(stdin)]) });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What can be wrong with a value, and in what a category may be unknown. */
const people = `data:
  use: table
  source: people.csv
  features: { age: number, town: category, born: { type: date, parts: [year] } }
  only: true
tasks:
  - { name: income, type: regression, unit: EUR }
  - { name: votes, type: binary, labels: ["no", "yes"] }
split: { test: 0.25, validation: 0 }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
training: { epochs: 2, batchSize: 8 }
`;

beforeAll(async () => {
  const rows = Array.from(
    { length: 60 },
    (_, i) =>
      `${i},${20 + (i % 50)},${['Bonn', 'Köln'][i % 2]},19${50 + (i % 40)}-03-0${1 + (i % 9)},${1000 + 17 * i},${i % 3 ? 'yes' : 'no'}`,
  );
  writeFileSync(join(cwd, 'people.csv'), ['id,age,town,born,income,votes', ...rows, ''].join('\n'));
  writeFileSync(join(cwd, 'people.yaml'), people);
  writeFileSync(join(cwd, 'images.yaml'), smallRun);
  const example = readFileSync(join(examples, 'weather.yaml'), 'utf8').replace(
    'vega-datasets/data/weather.csv',
    weather,
  );
  writeFileSync(join(cwd, 'weather.yaml'), example);
  const quick = ['-q', '-s', 'backend=cpu'];
  for (const [name, ...more] of [
    ['people'],
    ['images'],
    ['weather', '--no-compare', '-s', 'training.epochs=2'],
  ] as const) {
    const { code, stderr } = await polytask(['train', `${name}.yaml`, ...quick, '-o', name, ...more]);
    expect(code, stderr).toBe(0);
  }
}, 120_000);

describe('polytask predict', () => {
  it("gives what the trainer's own predict gives, row by row, in the units and names of the data", async () => {
    const { code, stdout, stderr } = await polytask([
      'predict',
      'weather',
      weather,
      '--id',
      'date',
      '--keep',
      'temp_max',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const written = linesOf(stdout);
    const { state } = await loadCheckpoint(join(cwd, 'weather/model.safetensors'));
    const encoding = state.table as unknown as TableEncoding;
    const { trainer } = await loadModel({ folder: 'weather', cwd });
    let row = 0;
    for await (const rows of readRows(weather, { encoding })) {
      const own = await trainer.predict(encodeRows(encoding, rows).inputs);
      rows.forEach((_, index) => {
        const found = written[row++];
        const { label, probabilities } = (own.weather ?? [])[index] as { label: string; probabilities: number[] };
        expect(found.weather).toBe(label);
        expect(Math.fround(found.temp_max)).toBeCloseTo(own.temp_max?.[index] as number, 4);
        const classes = ['drizzle', 'fog', 'rain', 'snow', 'sun'].map((name) => found[`weather.probability.${name}`]);
        for (const [k, probability] of classes.entries())
          expect(probability).toBeCloseTo(probabilities[k] as number, 5);
        expect(found['weather.probability']).toBe(Math.max(...classes));
      });
    }
    trainer.dispose();
    expect([row, written.length]).toEqual([2922, 2922]);

    // The file by hand: same order, degrees Celsius near those that were measured.
    const lines = readFileSync(weather, 'utf8').trim().split(/\r?\n/);
    const columns = (lines[0] as string).split(',');
    const actual = lines.slice(1).map((line) => line.split(','));
    const at = (name: string) => columns.indexOf(name);
    expect(written.map(({ date }) => date)).toEqual(actual.map((cells) => cells[at('date')]));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const measured = actual.map((cells) => Number(cells[at('temp_max')]));
    expect(written.map((one) => Number(one['temp_max.given']))).toEqual(measured);
    const predicted = written.map(({ temp_max }) => temp_max);
    expect(Math.abs(mean(predicted) - mean(measured))).toBeLessThan(3);
    expect(Math.max(...predicted) - Math.min(...predicted)).toBeGreaterThan(5);
  }, 60_000);

  it('writes the same as CSV, JSONL and Parquet, from files and standard input of all formats', async () => {
    const rows = [
      { id: '9007199254740993', age: 30, town: 'Bonn', born: '1970-03-01' },
      { id: '2', age: null, town: 'Atlantis', born: '1975-04-01' },
      { id: 'a,"b', age: 50, town: null, born: null },
    ];
    const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const csv = 'id,age,town,born\n9007199254740993,30,Bonn,1970-03-01\n2,,Atlantis,1975-04-01\n"a,""b",50,,\n';
    const predicted = await polytask(['predict', 'people', '--id', 'id'], jsonl);
    expect(predicted.stderr.trim().split('\n')).toEqual([
      'Note: column `age`: 1 of 3 rows has no value; in training every row had one.',
      'Note: column `town`: 1 of 3 rows has a category that training never saw.',
      'Note: column `town`: 1 of 3 rows has no value; in training every row had one.',
      'Note: column `born`: 1 of 3 rows has no value; in training every row had one.',
    ]);
    const expected = linesOf(predicted.stdout);
    expect(expected.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(Object.keys(expected[0])).toEqual(['id', 'income', 'votes', 'votes.probability']);
    for (const { income, votes, 'votes.probability': probability } of expected) {
      expect(income).toBeGreaterThan(500);
      expect(votes).toBe(probability >= 0.5 ? 'yes' : 'no');
    }
    expect(linesOf((await polytask(['predict', 'people', '--id', 'id'], csv)).stdout)).toEqual(expected);
    expect(linesOf((await polytask(['predict', 'people', '-', '--id', 'id'], JSON.stringify(rows))).stdout)).toEqual(
      expected,
    );

    writeFileSync(join(cwd, 'some.rows'), csv);
    const file = ['predict', 'people', 'some.rows', '--format', 'csv', '--id', 'id'];
    expect(linesOf((await polytask(file)).stdout)).toEqual(expected);
    expect((await polytask([...file, '-o', 'out.parquet'])).code).toBe(0);
    expect((await polytask([...file, '-o', 'out.csv'])).code).toBe(0);
    expect((await polytask([...file, '-o', 'out/deep.jsonl'])).code).toBe(0);
    expect(linesOf(readFileSync(join(cwd, 'out/deep.jsonl'), 'utf8'))).toEqual(expected);
    const none = { encoding: { format: 1, features: [], labels: [] } as const, exact: ['id', 'votes'] };
    for (const name of ['out.parquet', 'out.csv']) {
      const read = [];
      for await (const some of readRows(join(cwd, name), none)) read.push(...some);
      expect(read, name).toEqual(expected);
    }
    expect(readdirSync(cwd).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('joins several files, and tells of the file that was written', async () => {
    writeFileSync(join(cwd, 'a.csv'), 'age,town,born\n30,Bonn,1970-03-01\n');
    writeFileSync(join(cwd, 'b.jsonl'), '{"born":"1970-03-01","town":"Bonn","age":30}\n');
    const { code, stdout } = await polytask(['predict', 'people', 'a.csv', 'b.jsonl', '-o', 'two.jsonl', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ status: 'done', format: 'jsonl', rows: 2, badRows: { count: 0 } },
      columns: ['income', 'votes', 'votes.probability'],
      tasks: [{ name: 'income', unit: 'EUR', columns: ['income'] }, { name: 'votes' }],
    });
    const [a, b] = linesOf(readFileSync(join(cwd, 'two.jsonl'), 'utf8'));
    expect(a).toEqual(b);
    // Nothing of the first is written where the second is wrong.
    writeFileSync(join(cwd, 'c.csv'), 'age,town\n30,Bonn\n');
    const wrong = await polytask(['predict', 'people', 'a.csv', 'c.csv']);
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toMatch(/^c\.csv: there is no column `born`/);
  });

  it('tells bad rows, refuses more of them than may be, and leaves no predictions for the others', async () => {
    const rows = 'age,town,born\n30,Bonn,1970-03-01\nold,Bonn,1970-03-01\n31,Bonn,soon\n';
    const refused = await polytask(['predict', 'people', '-o', 'bad.csv', '--max-bad-rows', '1'], rows);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('standard input, row 2, column `age`: "old" is no number\n');
    expect(refused.stderr).toContain('standard input, row 3, column `born`: "soon" is no date');
    expect(refused.stderr).toContain('at most 1 row may be wrong, but 2 cannot be read so far');
    expect(readdirSync(cwd).filter((name) => name.startsWith('bad.csv'))).toEqual([]);
    const { code, stdout, stderr } = await polytask(['predict', 'people', '--max-bad-rows', '2'], rows);
    expect(code).toBe(0);
    const [first, ...others] = linesOf(stdout);
    expect(first.votes).toMatch(/yes|no/);
    expect(others).toEqual(Array(2).fill({ income: null, votes: null, 'votes.probability': null }));
    expect(stderr).toMatch(/^2 rows could not be read and have no predictions:\n {2}standard input, row 2/);
  });

  it.each([
    [
      'csv',
      'age,town,born\n30,Bonn,1970-03-01\n31,Bonn,1970-03-01,5\n32,Köln\n33,Bonn,1970-03-01\n',
      /has 4 values, but/,
    ],
    ['jsonl', '{"age":30,"town":"Bonn","born":null}\n\n{"age"\n{"age":33,"town":"Bonn","born":null}\n{"a\n', /no JSON/],
  ])('tells lines of %s that are no rows, and leaves them out where that may be', async (name, text, reason) => {
    writeFileSync(join(cwd, `lines.${name}`), text);
    const refused = await polytask(['predict', 'people', `lines.${name}`]);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(new RegExp(`^lines\\.${name}:3: .*${reason.source}`));
    expect(refused.stderr).toContain('all rows must be right, but 2 cannot be read so far');
    const { code, stdout, stderr } = await polytask([
      'predict',
      'people',
      `lines.${name}`,
      '--max-bad-rows',
      '2',
      '--id',
      'age',
    ]);
    expect([code, linesOf(stdout).map(({ age }) => age)]).toEqual([0, [30, 33]]);
    expect(stderr).toMatch(new RegExp(`^2 rows could not be read and have no predictions:\n {2}lines\\.${name}:3: `));
  });

  it.each([
    [['nowhere', 'people.csv'], /^nowhere: there is no such folder/],
    [['people', 'peopel.csv'], /^peopel\.csv: there is no file .*Did you mean `people\.csv`\?/],
    [['people', 'people.csv', '--id', 'idd'], /^--id and --keep: the rows have no column `idd`.*Did you mean `id`\?/],
    [['people', 'people.csv', '-o', 'people.csv'], /^--output people\.csv: this file is there already; --force/],
    [['people', 'people.csv', '-o', 'x.xlsx'], /^--output x\.xlsx: the name must end in \.csv, \.jsonl or \.parquet/],
    [['people', 'people.csv', '--to', 'parquet'], /^--to parquet: Parquet is not text/],
    [['people', 'people.csv', '--json'], /^--json: standard output is for the predictions/],
    [['people', 'people.csv', '--max-bad-rows', 'x'], /^--max-bad-rows x: found "x", expected a whole number from 0/],
    [['images', 'people.csv'], /^images: `predict` needs a model that learned from a table .*image float32 \[784\]/],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await polytask(['predict', ...(args as string[])]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message as RegExp)]);
    expect(stderr).toMatch(/nothing was done/);
    if (!args.includes('--json')) expect(stdout).toBe('');
  });

  it('refuses a missing column with the nearest word, and nothing at all', async () => {
    const missing = await polytask(['predict', 'people'], 'age,twon,born\n30,Bonn,1970-03-01\n');
    expect([missing.code, missing.stderr]).toEqual([
      2,
      expect.stringMatching(/^standard input: there is no column `town`.*Did you mean `twon`\?/),
    ]);
    const empty = await polytask(['predict', 'people'], '');
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringMatching(/^standard input: there must be rows/)]);
  });

  it('takes rows and names that are made to do harm as what they are', async () => {
    const row = '{"__proto__":{"polluted":1},"constructor":"x","age":30,"town":"__proto__","born":"1970-03-01"}\n';
    const { code, stdout } = await polytask(['predict', 'people', '--keep', 'constructor'], row);
    expect(code).toBe(0);
    expect(linesOf(stdout)[0]).toMatchObject({ constructor: 'x', votes: expect.stringMatching(/yes|no/) });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('answers or refuses whatever rows come, and never breaks down', async () => {
    const key = fc.constantFrom('age', 'town', 'born', '__proto__', 'toString', '', 'a"b', 'polytask:rows');
    const rows = fc.array(fc.dictionary(key, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 6 }), {
      minLength: 1,
      maxLength: 5,
    });
    const property = fc.asyncProperty(rows, fc.boolean(), async (made, whole) => {
      const good = made.map((row) => ({ age: 1, town: 'Bonn', born: null, ...row }));
      const text = (row: object) => JSON.stringify(row);
      const input = whole ? text(good) : good.map(text).join('\n');
      const { code, stdout } = await polytask(['predict', 'people', '--max-bad-rows', '5'], input);
      expect([0, 2]).toContain(code);
      if (code === 0) expect(linesOf(stdout)).toHaveLength(made.length);
    });
    await fc.assert(property, { numRuns: 25 });
  }, 60_000);

  it('stops at a signal and leaves no file', async () => {
    const { io, stderr } = fakeIo(cwd, AbortSignal.abort());
    expect(await runProgram(['predict', 'people', 'people.csv', '-o', 'stopped.csv'], io)).toBeUndefined();
    expect(stderr.text()).toBe('Stopped before all rows were predicted, and nothing was written.\n');
    expect(readdirSync(cwd).filter((name) => name.startsWith('stopped'))).toEqual([]);
  });

  it('gives all tensors back', async () => {
    await polytask(['predict', 'people', 'people.csv']);
    const before = tf.memory().numTensors;
    await polytask(['predict', 'people', 'people.csv']);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('polytask evaluate', () => {
  it.each(['weather', 'people', 'images'])('measures the test rows of %s to the numbers of run.json', async (name) => {
    const { code, stdout, stderr } = await polytask(['evaluate', name, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const document = JSON.parse(readFileSync(join(cwd, name, 'run.json'), 'utf8'));
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ status: 'done', part: 'test', rows: document.rows.test });
    expect(result.scores).toEqual(document.joint.tasks);
  });

  it('measures training and validation rows, and prints a table with means', async () => {
    const document = JSON.parse(readFileSync(join(cwd, 'weather/run.json'), 'utf8'));
    for (const part of ['train', 'validation'] as const) {
      const { code, stdout } = await polytask(['evaluate', 'weather', '--part', part, '--json']);
      expect([code, JSON.parse(stdout).rows]).toEqual([0, document.rows[part]]);
    }
    const { stdout } = await polytask(['evaluate', 'weather']);
    const { r2 } = Object.fromEntries(
      ['r2'].map((metric) => {
        const values = ['temp_max', 'temp_min', 'precipitation', 'wind'].map(
          (task) => document.joint.tasks[task][metric],
        );
        return [metric, values.reduce((sum: number, value: number) => sum + value, 0) / 4];
      }),
    ) as { r2: number };
    expect(stdout).toMatch(/^weather on its test rows: 732 rows\n\ntask +rows +rmse ↓ +mae ↓ +r2 ↑ +accuracy ↑/);
    // Degrees and millimetres have no mean.
    expect(stdout).toMatch(new RegExp(`\nmean +${r2.toFixed(4).replace('-', '−')}\n$`));
    const none = await polytask(['evaluate', 'people', '--part', 'validation']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringMatching(/set no validation rows apart/)]);
  });

  it('measures the rows of another file, as if they were those of the run', async () => {
    const { code, stdout, stderr } = await polytask(['evaluate', 'people', '--data', 'people.csv', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { rows, scores, badRows } = JSON.parse(stdout);
    expect([rows, scores.income.rows, badRows.count]).toEqual([60, 60, 0]);
    // By hand, from what predict says of the same rows.
    const predicted = linesOf(
      (await polytask(['predict', 'people', 'people.csv', '--keep', 'income', '--keep', 'votes'])).stdout,
    );
    const errors = predicted.map((row) => Math.abs(row.income - Number(row['income.given'])));
    expect(scores.income.mae).toBeCloseTo(errors.reduce((sum, error) => sum + error, 0) / 60, 2);
    expect(scores.votes.accuracy).toBeCloseTo(
      predicted.filter((row) => row.votes === row['votes.given']).length / 60,
      10,
    );
  });

  it('leaves out bad rows that may be, and counts rows without a label for the other tasks', async () => {
    const rows =
      'age,town,born,income,votes\n30,Bonn,1970-03-01,1000,yes\n30,Bonn,1970-03-01,,no\n30,Bonn,1970-03-01,1000,perhaps\n';
    const refused = await polytask(['evaluate', 'people', '--data', '-'], rows);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('standard input, row 3, column `votes`');
    const { stdout } = await polytask(['evaluate', 'people', '--data', '-', '--max-bad-rows', '1', '--json'], rows);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ rows: 2, badRows: { count: 1 } },
      scores: { income: { rows: 1 }, votes: { rows: 2 } },
    });
  });

  it.each([
    [['people', '--part', 'test', '--data', 'people.csv'], /^--part test: rows come from --data already/],
    [['people', '--no-sql'], /^--no-sql: this is about a file of rows/],
    [
      ['people', '--data', 'people.csv', '--predictions', 'p.csv'],
      /^--predictions p.csv: this is about rows of the run/,
    ],
    [['people', '--force'], /^--force: there is no file to replace/],
    [['people', '--predictions', 'p.txt'], /^--predictions p.txt: the name must end in .csv, .jsonl or .parquet/],
    [['people', '--threshold', 'votes'], /^--threshold votes: expected a task and a number between 0 and 1/],
    [['people', '--threshold', 'votes=1'], /^--threshold votes=1: expected a task and a number between 0 and 1/],
    [
      ['people', '--threshold', 'vote=0.5'],
      /^--threshold vote: there is no task `vote`; expected one of votes. Did you/,
    ],
    [
      ['people', '--threshold', 'income=0.5'],
      /^--threshold income: task `income` has no threshold; expected one of votes/,
    ],
    [['images', '--data', 'people.csv'], /^images: `evaluate --data` needs a model that learned from a table/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await polytask(['evaluate', ...(args as string[])]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message as RegExp)]);
  });

  it('writes labels and predictions of the rows it measured, which say the same', async () => {
    const { code, stdout, stderr } = await polytask(['evaluate', 'people', '--predictions', 'own.jsonl', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { scores, rows: count } = JSON.parse(stdout);
    const written = linesOf(readFileSync(join(cwd, 'own.jsonl'), 'utf8'));
    expect(written).toHaveLength(count);
    expect(Object.keys(written[0])).toEqual([
      'row',
      'income.label',
      'income',
      'votes.label',
      'votes',
      'votes.probability',
    ]);
    // The row says which line of the file it was.
    for (const row of written) {
      expect(row['income.label']).toBe(1000 + 17 * row.row);
      expect(row['votes.label']).toBe(row.row % 3 ? 'yes' : 'no');
    }
    const right = written.filter((row) => row.votes === row['votes.label']).length / count;
    expect(right).toBeCloseTo(scores.votes.accuracy, 12);
    const squares = written
      .map((row) => (row.income - row['income.label']) ** 2)
      .reduce((sum, square) => sum + square, 0);
    expect(Math.sqrt(squares / count)).toBeCloseTo(scores.income.rmse, 2);
    const again = await polytask(['evaluate', 'people', '--predictions', 'own.jsonl']);
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/own.jsonl/)]);
    expect((await polytask(['evaluate', 'people', '--predictions', 'own.jsonl', '--force'])).code).toBe(0);
  });

  it('takes another threshold than that of training, and so does predict', async () => {
    const accuracyAt = async (...threshold: string[]) => {
      const { stdout } = await polytask(['evaluate', 'people', '--json', ...threshold]);
      return JSON.parse(stdout).scores.votes.accuracy as number;
    };
    const never = await accuracyAt('--threshold', 'votes=0.999999');
    expect(never + (await accuracyAt('--threshold', 'votes=0.000001'))).toBeCloseTo(1, 12);
    const { stdout } = await polytask(['predict', 'people', 'people.csv', '--threshold', 'votes=0.999999']);
    expect(new Set(linesOf(stdout).map(({ votes }) => votes))).toEqual(new Set(['no']));
  });

  it('refuses rows that have changed since', async () => {
    const path = join(cwd, 'people.csv');
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, before.replace('1000', '1001'));
    const { code, stderr } = await polytask(['evaluate', 'people']);
    writeFileSync(path, before);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/the data have changed since the run began/)]);
  });
});

// Models of tables as ONNX files that take raw columns: the same rows through `polytask predict` and through ONNX Runtime.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCheckpoint } from '@polytask/core/node';
import type { RawRow, TableEncoding } from '@polytask/data';
import { readRows } from '@polytask/data/node';
import * as tf from '@tensorflow/tfjs';
import * as ortNode from 'onnxruntime-node';
import * as ortWeb from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messages, readWire, strings } from '../../../../packages/compiler/test/lower/onnx/wire.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

ortWeb.env.wasm.numThreads = 1;
type Runtime = typeof ortNode;
const runtimes: readonly Runtime[] = [ortNode, ortWeb as unknown as Runtime];

const examples = join(import.meta.dirname, '../../../../examples');
const samples = join(examples, 'node_modules/vega-datasets/data');
const cwd = mkdtempSync(join(tmpdir(), 'polytask-export-inputs-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function polytask(...args: string[]) {
  const { io, stdout, stderr } = fakeIo(cwd);
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

async function train(name: string, text: string): Promise<void> {
  writeFileSync(join(cwd, `${name}.yaml`), text);
  const quick = ['-q', '--no-compare', '-s', 'backend=cpu', '-s', 'training.epochs=1'];
  const { code, stderr } = await polytask('train', `${name}.yaml`, '-o', name, ...quick);
  expect(code, stderr).toBe(0);
}

/** What an exported model says of itself. */
function metadataOf(file: string) {
  const entries = messages(readWire(readFileSync(join(cwd, file))), 14).map((entry) => [
    strings(entry, 1)[0],
    strings(entry, 2)[0],
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

interface Input {
  readonly column: string;
  readonly dtype: 'float64' | 'string';
}
interface Task {
  readonly name: string;
  readonly type: string;
  readonly output: string;
  readonly options: { readonly classes?: readonly string[] };
}

/** Predictions of a model in an ONNX file, named as `polytask predict` names them. */
async function predictedBy(ort: Runtime, file: string, rows: readonly RawRow[]) {
  const { 'polytask.inputs': inputs, 'polytask.tasks': tasks } = metadataOf(file);
  const session = await ort.InferenceSession.create(readFileSync(join(cwd, file)), { logSeverityLevel: 3 });
  const fed = Object.entries<Input>(JSON.parse(inputs as string)).map(([name, { column, dtype }]) => {
    const values = rows.map((row) => row[column] ?? null);
    const texts = () => values.map((value) => (value === null ? '' : String(value)));
    const numbers = () => Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value)));
    return [name, new ort.Tensor(dtype, (dtype === 'string' ? texts() : numbers()) as Float64Array, [rows.length])];
  });
  const found = await session.run(Object.fromEntries(fed));
  await session.release();
  return rows.map((_, row) =>
    Object.fromEntries(
      (JSON.parse(tasks as string) as Task[]).flatMap(({ name, type, output, options }) => {
        const { data, dims } = found[output] as ortNode.Tensor;
        expect(dims[0]).toBe(rows.length);
        if (type === 'regression') return [[name, Number(data[row])]];
        if (type === 'binary') return [[`${name}.probability`, Number(data[row])]];
        const classes = options.classes as readonly string[];
        return classes.map((label, k) => [`${name}.probability.${label}`, Number(data[row * classes.length + k])]);
      }),
    ),
  );
}

/** Compares the file of a run with what the command line predicts for the same rows, all at once and one alone. */
async function expectPredicted(name: string, rows: readonly RawRow[], ...predict: string[]): Promise<void> {
  const exported = await polytask('export', name, '--format', 'onnx', '-o', `${name}.onnx`, '--force');
  expect(exported.code, exported.stderr).toBe(0);
  const { code, stdout, stderr } = await polytask('predict', name, ...predict, '-q');
  expect(code, stderr).toBe(0);
  const lines = stdout.trim().split('\n');
  const own = lines.map((line) => JSON.parse(line) as Record<string, number | null>);
  expect(own.length).toBe(rows.length);
  const most = (column: string) => Math.max(1, ...own.map((row) => Math.abs(row[column] ?? 0)));
  for (const ort of runtimes) {
    const many = await predictedBy(ort, `${name}.onnx`, rows);
    const [one] = await predictedBy(ort, `${name}.onnx`, rows.slice(0, 1));
    const columns = Object.keys(many[0] ?? {});
    expect(columns.length).toBeGreaterThan(0);
    for (const column of columns) {
      const tolerance = 1e-6 * most(column);
      const same = (value: number, other: number | null | undefined) =>
        other === null ? Number.isNaN(value) : Math.abs(value - (other as number)) <= tolerance;
      const wrong = many.findIndex((row, index) => !same(row[column] as number, own[index]?.[column]));
      expect([wrong, many[wrong]?.[column], own[wrong]?.[column]], column).toEqual([-1, undefined, undefined]);
      expect(same(one?.[column] as number, own[0]?.[column]), column).toBe(true);
    }
  }
}

/** A column of every kind, with every treatment of missing values. */
const people = `data:
  use: table
  source: people.csv
  features:
    age: number
    income: { type: number, missing: { constant: 10 }, scale: none }
    height: { type: number, missing: error }
    member: boolean
    town: category
    street: { type: category, encoding: embedding, minCount: 1, missing: indicator }
    born: { type: date, parts: [trend, year, week, day], missing: indicator }
    about: { type: text, missing: { constant: no word } }
tasks:
  - { name: price, type: regression, unit: EUR }
  - { name: votes, type: binary, labels: ["no", "yes"] }
  - { name: kind, type: classification }
split: { test: 0.25 }
sharing: { use: hard-sharing, encoder: { use: tabular, units: [8] } }
training: { epochs: 2, batchSize: 8 }
seed: 1
`;
const header = 'age,income,height,member,town,street,born,about,price,votes,kind';
const words = ['Loves İzmir', 'likes: CHEESE-cake', 'ſays no word', 'a dog; a cat'];

function person(i: number): string {
  const age = i % 7 === 0 ? '' : 20 + (i % 50);
  const born = i % 11 === 0 ? '' : `19${50 + (i % 40)}-03-0${1 + (i % 9)}T0${i % 10}:30:00Z`;
  const place = `${['Bonn', 'Köln', ''][i % 3]},${['Allee', 'Weg'][i % 2]} ${i % 8}`;
  const known = `${age},${i % 5 === 0 ? '' : 1.5 * i},${1.5 + (i % 40) / 100},${i % 2 === 0},${place},${born},"${words[i % 4]}"`;
  return `${known},${100 + i},${i % 3 ? 'yes' : 'no'},${['a', 'b', 'c'][i % 3]}`;
}

/** Rows as they stand in a file, and as a program has them that feeds a model. */
const given: readonly (readonly [string, RawRow])[] = [
  [
    '30,20.5,1.75,true,Bonn,Allee 2,1970-03-05T10:30:00Z,Loves cheese',
    {
      ...{ age: 30, income: 20.5, height: 1.75, member: 1, town: 'Bonn', street: 'Allee 2' },
      ...{ born: Date.UTC(1970, 2, 5, 10, 30), about: 'Loves cheese' },
    },
  ],
  [',,1.5,,,,,', { height: 1.5 }],
  [
    'inf,-inf,1.6,false,Paris,Rue 1,0099-12-31T23:59:59Z,"İ"',
    {
      ...{ age: Infinity, income: -Infinity, height: 1.6, member: 0, town: 'Paris', street: 'Rue 1' },
      ...{ born: Date.parse('0099-12-31T23:59:59Z'), about: 'İ' },
    },
  ],
  [
    '-1e9,1e9,0,true,bonn,Weg 1,2000-12-31T23:59:59.999Z,"LIKES,DOG\nIzmir"',
    {
      ...{ age: -1e9, income: 1e9, height: 0, member: 1, town: 'bonn', street: 'Weg 1' },
      ...{ born: Date.UTC(2000, 11, 31, 23, 59, 59, 999), about: 'LIKES,DOG\nIzmir' },
    },
  ],
  // No height: the row is refused.
  [
    '30,20.5,,true,Bonn,Allee 2,1970-03-05T10:30:00Z,Loves cheese',
    {
      ...{ age: 30, income: 20.5, member: 1, town: 'Bonn', street: 'Allee 2' },
      ...{ born: Date.UTC(1970, 2, 5, 10, 30), about: 'Loves cheese' },
    },
  ],
];

beforeAll(async () => {
  writeFileSync(join(cwd, 'people.csv'), [header, ...Array.from({ length: 80 }, (_, i) => person(i)), ''].join('\n'));
  const columns = header.split(',').slice(0, 8).join(',');
  writeFileSync(join(cwd, 'given.csv'), [columns, ...given.map(([line]) => line), ''].join('\n'));
  await train('people', people);
}, 120_000);

describe('polytask export --inputs', () => {
  it('takes raw columns by default and predicts what polytask predict does, missing and unknown values too', async () => {
    await expectPredicted(
      'people',
      given.map(([, row]) => row),
      'given.csv',
      '--max-bad-rows',
      '1',
    );
  });

  it.each([
    ['weather', 'weather.csv', undefined],
    ['movies', 'movies.json', 'movies'],
    ['birdstrikes', 'birdstrikes.csv', 'strikes'],
  ])(
    'predicts the rows of the example %s',
    async (name, file, table) => {
      const text = readFileSync(join(examples, `${name}.yaml`), 'utf8');
      await train(name, text.replace(`vega-datasets/data/${file}`, join(samples, file)));
      const { state } = await loadCheckpoint(join(cwd, name, 'model.safetensors'));
      const { data } = state.config as unknown as { data: { sql?: string } };
      const encoding = state.table as unknown as TableEncoding;
      const sql = data.sql === undefined || table === undefined ? {} : { sql: data.sql, table };
      const rows: RawRow[] = [];
      for await (const some of readRows(join(samples, file), { encoding, ...sql })) rows.push(...some);
      expect(rows.length).toBeGreaterThan(2000);
      await expectPredicted(name, rows, join(samples, file));
      expect(metadataOf(`${name}.onnx`)['polytask.sql']).toBe(data.sql);
    },
    120_000,
  );

  it('says what goes in, to people and to programs', async () => {
    const { code, stdout } = await polytask('export', 'people', '-f', 'onnx', '-o', 'said.onnx');
    expect([
      code,
      stdout
        .split('\n')
        .slice(2)
        .map((line) => line.trimEnd()),
    ]).toEqual([
      0,
      [
        'Inputs:',
        '  age     float64 [rows]  number; NaN if missing',
        '  income  float64 [rows]  number; NaN if missing',
        '  height  float64 [rows]  number; NaN if missing, which is refused',
        '  member  float64 [rows]  boolean, 1 or 0; NaN if missing',
        '  town    string [rows]   category, 2 known; empty if missing',
        '  street  string [rows]   category, 8 known; empty if missing',
        '  born    float64 [rows]  date, milliseconds since 1970-01-01T00:00:00Z; NaN if missing',
        '  about   string [rows]   text; empty if missing',
        'Rows that are refused have NaN for predictions.',
        'Outputs: price (regression), votes (binary), kind (classification)',
        '',
      ],
    ]);
    const json = await polytask(
      'export',
      'people',
      '-f',
      'onnx',
      '-o',
      'said.onnx',
      '--force',
      '--json',
      '--batch',
      '3',
    );
    const document = JSON.parse(json.stdout);
    expect(document).toMatchObject({ batch: 3, encoded: [], inputs: { town: { values: ['Bonn', 'Köln'] } } });
    expect(JSON.parse(metadataOf('said.onnx')['polytask.inputs'] as string)).toEqual(document.inputs);
  });

  it('takes what the network gets, where that is asked for', async () => {
    const { code, stdout } = await polytask('export', 'people', '-f', 'onnx', '-o', 'bare.onnx', '--inputs', 'encoded');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/\nInputs: numbers float32 \[rows, \d+\]; categories int32/),
    ]);
    const session = await ortNode.InferenceSession.create(join(cwd, 'bare.onnx'));
    expect([...session.inputNames].sort()).toEqual(['categories', 'numbers']);
    await session.release();
  });

  it('names the columns that have to be encoded already, and why', async () => {
    const greek = people.replace('about: { type: text, missing: { constant: no word } }', 'about: text');
    const rows = Array.from({ length: 80 }, (_, i) => person(i).replace('Loves', 'ΟΔΥΣΣΕΥΣ'));
    writeFileSync(join(cwd, 'greek.csv'), [header, ...rows, ''].join('\n'));
    await train('greek', greek.replace('people.csv', 'greek.csv'));
    const { code, stdout } = await polytask('export', 'greek', '-f', 'onnx');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\n {2}about +float32 \[rows, \d+\] +text, encoded\n/)]);
    expect(stdout).toContain(
      '`about` has to be encoded already: ONNX cannot tell how Σ is written in lower case, as in `οδυσσευς`.\n',
    );
  });

  it('refuses raw columns where there are none', async () => {
    const { code, stderr } = await polytask('export', 'people', '-f', 'tfjs', '--inputs', 'raw');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--inputs raw: only ONNX models can take raw columns')]);
    await train(
      'digits',
      `data: { use: multimnist, size: { train: 64, test: 32 } }
tasks: [{ name: left, type: classification, classes: 10 }]
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
`,
    );
    const refused = await polytask('export', 'digits', '-f', 'onnx', '--inputs', 'raw');
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('--inputs raw: this model did not learn from a table'),
    ]);
  });

  it('leaves no tensor', async () => {
    const before = tf.memory().numTensors;
    await polytask('export', 'people', '-f', 'onnx', '-o', 'again.onnx');
    expect(tf.memory().numTensors).toBe(before);
    expect((await polytask('export', 'people', '-f', 'onnx', '-o', 'again.onnx', '--force')).code).toBe(0);
  });
});

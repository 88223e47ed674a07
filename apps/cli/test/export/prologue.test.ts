// The encoders of `@polytask/data` as the compiler exports them, against the same encoders on the host: a model that hands on what it
// gets shows the encoded inputs themselves.
import { exportOnnx } from '@polytask/compiler';
import { type Inference, type InputSpecs, type Program, regression } from '@polytask/core';
import {
  encodeRows,
  type FeatureColumn,
  inputsOfTable,
  learnTable,
  onnxPrologue,
  type RawRow,
  type TableEncoding,
} from '@polytask/data';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as ortNode from 'onnxruntime-node';
import * as ortWeb from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';

ortWeb.env.wasm.numThreads = 1;
type Runtime = typeof ortNode;

/** A model whose predictions are its inputs, less than zero. */
function handingOn(inputs: InputSpecs): { inference(): Promise<Inference> } {
  const names = Object.keys(inputs);
  const program = {
    name: 'hand-on',
    run: (given: Record<string, tf.Tensor>) =>
      Object.fromEntries(
        names.map((name) => [`prediction/${name}`, tf.neg(tf.cast(given[`input/${name}`] as tf.Tensor, 'float32'))]),
      ),
  } as unknown as Program;
  const nothing = { data: new Float32Array(0), shape: [0] };
  const layout = { segments: [], stateSegments: [] } as unknown as Inference['layout'];
  const tasks = names.map((name) => regression(name));
  return {
    inference: async () => ({ program, inputs, tasks, constants: {}, layout, values: nothing, state: nothing }),
  };
}

/** Values as somebody feeds them who has read the documentation. */
function fed(ort: Runtime, type: FeatureColumn['type'], values: readonly unknown[]): ortNode.Tensor {
  if (type === 'category' || type === 'text') {
    return new ort.Tensor(
      'string',
      values.map((value) => (value === null ? '' : String(value))),
      [values.length],
    );
  }
  const numbers = values.map((value) => (value === null ? Number.NaN : Number(value)));
  return new ort.Tensor('float64', Float64Array.from(numbers), [values.length]);
}

/** What an exported model makes of raw rows, by input of the network. */
async function exported(ort: Runtime, encoding: TableEncoding) {
  const prologue = onnxPrologue(encoding);
  const bytes = await exportOnnx(handingOn(inputsOfTable(encoding)), { prologue });
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const inputs = Object.entries(prologue.inputs);
  return {
    async run(rows: readonly RawRow[]): Promise<Record<string, number[][]>> {
      const feeds = inputs.map(([name, { column, type }]) => [
        name,
        fed(
          ort,
          type as FeatureColumn['type'],
          rows.map((row) => row[column as string] ?? null),
        ),
      ]);
      const found = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(
        Object.keys(prologue.outputs).map((name, place) => {
          const { data, dims } = found[session.outputNames[place] as string] as ortNode.Tensor;
          return [
            name,
            byRow(
              [...(data as Float32Array)].map((value) => 0 - value),
              dims[1] as number,
            ),
          ];
        }),
      );
    },
    release: () => session.release(),
  };
}

const byRow = (values: readonly number[], width: number) =>
  Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));

/** Encodes rows by an exported model, and expects what the host makes of them. */
async function expectSame(ort: Runtime, encoding: TableEncoding, rows: readonly RawRow[], most: number): Promise<void> {
  const refused = new Set<number>();
  const { inputs } = encodeRows(encoding, rows, { report: (row) => refused.add(row) });
  const model = await exported(ort, encoding);
  for (const some of [rows, rows.slice(0, 1)]) {
    const found = await model.run(some);
    expect(Object.keys(found).sort()).toEqual(Object.keys(inputs).sort());
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      const own = byRow([...data], shape[1] as number);
      expect(found[name]?.length).toBe(some.length);
      found[name]?.forEach((values, row) => {
        values.forEach((value, place) => {
          const wanted = refused.has(row) ? Number.NaN : (own[row]?.[place] as number);
          const near = Number.isNaN(wanted) ? Number.isNaN(value) : Math.abs(value - wanted) <= most;
          expect(near, `${name}[${row}][${place}] is ${value}, not ${wanted}: ${JSON.stringify(rows[row])}`).toBe(true);
        });
      });
    }
  }
  await model.release();
}

/** Names that are those of tensors, somewhere. */
const names = fc.constantFrom(
  '',
  '/',
  '/t0',
  't0',
  'c0',
  '/c1',
  '//t1',
  'batch',
  'numbers',
  'categories',
  'größe',
  'a b',
);
const nothing = fc.constantFrom(null, undefined);
const special = fc.constantFrom(Infinity, -Infinity, NaN, 0, -0, 1.7e308, -1.7e308, 5e-324, 3.5e38, -3.5e38);
const words = [
  ...[
    '\u212aelvin',
    'kelvin',
    'ſtraße',
    'STRASSE',
    'straẞe',
    'İstanbul',
    'istanbul',
    'stanbul',
    'I',
    'i',
    'ı',
    'aİ',
    'ai',
  ],
  ...['ǅ', 'ǆ', 'x1', 'X', '٣', '中', 'Ⅷ', 'ⅷ'],
];
const between = fc.constantFrom(' ', '-', "'", '\n', '\u0307', 'é', '');
const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...words) },
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
);
const text = fc
  .array(fc.tuple(part, between), { minLength: 1, maxLength: 5, size: 'max' })
  .map((parts) => parts.flat().join(''));
const missing = (constant: unknown) =>
  fc.constantFrom(undefined, 'mean', 'indicator', 'error', { constant }).map((one) => (one ? { missing: one } : {}));

/** A feature, values that it learns from and values that it then gets. */
interface Case {
  readonly feature: object;
  readonly learned: readonly unknown[];
  readonly given: readonly unknown[];
}

const rowCount = 8;
const column = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: rowCount, maxLength: rowCount });
const cases = (feature: fc.Arbitrary<object>, learned: fc.Arbitrary<unknown>, given: fc.Arbitrary<unknown>) =>
  fc.record({ feature, learned: column(learned), given: column(given) }).filter(({ feature, learned }) => {
    const values = learned.filter((value) => value !== null && value !== '' && Number(value) !== Infinity);
    return values.length > 0 && ((feature as { missing?: unknown }).missing !== 'error' || values.length === rowCount);
  });
const merged = (...parts: fc.Arbitrary<object>[]) =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all) as object);

// ONNX Runtime takes means below the smallest float32 for 0.
const ordinary = fc.integer({ min: -1e9, max: 1e9 }).map((thousandths) => thousandths / 1000);
const numbers = cases(
  merged(fc.constant({ type: 'number' }), missing(-2.5), fc.constantFrom({}, { scale: 'none' }, { pieces: 3 })),
  fc.oneof({ weight: 9, arbitrary: ordinary }, fc.constant(null)),
  fc.oneof(ordinary, fc.double(), special, nothing),
);
const booleans = cases(
  merged(fc.constant({ type: 'boolean' }), missing(true)),
  fc.oneof({ weight: 9, arbitrary: fc.boolean() }, fc.constant(null)),
  fc.oneof(fc.boolean(), fc.constantFrom(0, 1, 2, 0.5, Infinity, NaN), nothing),
);
const named = fc.constantFrom('a', 'b', 'A', 'ä', '1', 'true');
const categories = cases(
  merged(
    fc.constant({ type: 'category' }),
    missing('b'),
    fc.constantFrom({ minCount: 1 }, {}, { minCount: 1, maxCategories: 2 }),
    fc.constantFrom({ encoding: 'one-hot' }, { encoding: 'embedding' }),
  ),
  fc.oneof({ weight: 9, arbitrary: named }, fc.constantFrom(null, '')),
  fc.oneof(named, fc.constantFrom('', 'new', ' a', 1, true), fc.string({ unit: 'grapheme' }), nothing),
);
const texts = cases(
  merged(fc.constant({ type: 'text' }), missing('Kelvin, i'), fc.constantFrom({}, { words: 3 })),
  // Σ is for another test.
  fc.oneof(text, fc.constant(words.join(' '))).map((one) => `${one} known`.replace(/[Σσς]/gu, '')),
  fc.oneof({ weight: 9, arbitrary: text }, fc.constantFrom('KNOWN', ''), nothing),
);
const moment = fc.date({ min: new Date('1890-01-01'), max: new Date('2110-01-01'), noInvalidDate: true });
const anyMoment = fc.date({ noInvalidDate: true }).map((date) => date.getTime());
const turnOfYear = fc
  .tuple(
    fc.integer({ min: -3000, max: 9999 }),
    fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -3e8, max: 3e8 })),
  )
  .map(([year, by]) => new Date(0).setUTCFullYear(year, 0, 1) + by);
const dates = cases(
  merged(
    fc.constant({ type: 'date' }),
    missing('1999-12-31T12:00:00Z'),
    fc.subarray(['trend', 'year', 'week', 'day'], { minLength: 1 }).map((parts) => ({ parts })),
  ),
  moment.map((date) => date.getTime()),
  fc.oneof(anyMoment, turnOfYear, fc.constantFrom(8.64e15, -8.64e15, 8.65e15, 1e300, Infinity, NaN), nothing),
);

/** Columns of all these, in one table. */
function property(ort: Runtime, kind: fc.Arbitrary<Case>, most: number) {
  const table = fc.uniqueArray(fc.record({ name: names, of: kind }), {
    minLength: 1,
    maxLength: 4,
    selector: ({ name }) => name,
  });
  return fc.asyncProperty(table, async (columns) => {
    const rows = (of: 'learned' | 'given'): RawRow[] =>
      Array.from({ length: rowCount }, (_, row) =>
        Object.fromEntries(columns.map((one) => [one.name, one.of[of][row] ?? null])),
      );
    const features = columns.map(({ name, of }) => ({ ...of.feature, column: name }) as FeatureColumn);
    const encoding: TableEncoding = JSON.parse(JSON.stringify(learnTable(rows('learned'), { features, labels: [] })));
    expect(onnxPrologue(encoding).encoded).toEqual([]);
    await expectSame(ort, encoding, rows('given'), most);
  });
}

it('takes the numbers of a column that ONNX cannot encode, among those of the others', async () => {
  const rows = ['ΣΟΦΟΣ', 'σοφός και', ''].map((text, x) => ({ text, x, last: -x }));
  const features: FeatureColumn[] = [
    { column: 'x', type: 'number' },
    { column: 'text', type: 'text', missing: 'indicator' },
    { column: 'last', type: 'number' },
  ];
  const encoding = learnTable(rows, { features, labels: [] });
  const prologue = onnxPrologue(encoding);
  expect(prologue.encoded).toMatchObject([{ column: 'text' }]);
  const bytes = await exportOnnx(handingOn(inputsOfTable(encoding)), { prologue });
  const session = await ortNode.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const alone = { ...encoding, features: encoding.features.filter(({ column }) => column === 'text') };
  const { data, shape } = encodeRows(alone, rows).inputs.numbers as { data: Float32Array; shape: readonly number[] };
  const found = await session.run({
    x: fed(ortNode, 'number', [0, 1, 2]),
    text: new ortNode.Tensor('float32', data, shape),
    last: fed(ortNode, 'number', [0, -1, -2]),
  });
  const own = encodeRows(encoding, rows).inputs.numbers?.data as Float32Array;
  expect(Array.from(found.numbers?.data as Float32Array, (value) => 0 - value)).toEqual([...own].map((one) => one + 0));
  await session.release();
});

describe.each([
  ['onnxruntime-node', ortNode, 60],
  ['onnxruntime-web', ortWeb as unknown as Runtime, 15],
] as const)('an exported prologue in %s', (_, ort, numRuns) => {
  it('encodes numbers, booleans, categories and texts as the host does, bit for bit', async () => {
    await fc.assert(property(ort, fc.oneof(numbers, booleans, categories, texts), 0), { numRuns });
  });

  it('encodes dates as the host does, to a rounding of float32', async () => {
    await fc.assert(property(ort, dates, 2 ** -24), { numRuns });
  });
});

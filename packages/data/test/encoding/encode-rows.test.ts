import { readFileSync } from 'node:fs';
import { adam, createTrainer, mlp, regression, sumOfLosses, tableDataset } from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRows, learnTable, type TableSchema } from '../../src/index.js';
import { tinySharing } from '../helpers/tiny-sharing.js';

const schema: TableSchema = {
  features: [
    { column: 'size', type: 'number' },
    { column: 'kind', type: 'category', minCount: 1 },
  ],
  labels: [
    { column: 'price', kind: 'number' },
    { column: 'grade', kind: 'class' },
    { column: 'sold', kind: 'binary' },
  ],
};
const rows = [
  { size: 1, kind: 'a', price: 10, grade: 'low', sold: true },
  { size: 3, kind: 'b', price: null, grade: 'high', sold: false },
  { size: 5, kind: 'a', price: 30, grade: null, sold: null },
];

describe('learnTable and encodeRows', () => {
  it('encode labels where they are asked for: missing ones are NaN or −1', () => {
    const { columns } = encodeRows(learnTable(rows, schema), rows, { labels: true });
    expect(columns).toEqual({
      price: Float32Array.of(10, Number.NaN, 30),
      grade: Int32Array.of(1, 0, -1),
      sold: Int32Array.of(1, 0, -1),
    });
    expect(encodeRows(learnTable(rows, schema), [{ size: 1, kind: 'a' }]).columns).toEqual({});
  });

  it('keep what training labels say: classes with their counts, mean and deviation', () => {
    expect(learnTable(rows, schema).labels).toEqual([
      { kind: 'number', column: 'price', rows: 2, mean: 20, deviation: 10 },
      { kind: 'class', column: 'grade', rows: 2, classes: ['high', 'low'], counts: [1, 1] },
      { kind: 'class', column: 'sold', rows: 2, classes: ['false', 'true'], counts: [1, 1] },
    ]);
  });

  it('sort classes that are numbers by size', () => {
    const numbered = [10, 9, 2, 10].map((c) => ({ size: 1, c }));
    const { labels } = learnTable(numbered, { features: [], labels: [{ column: 'c', kind: 'class' }] });
    expect(labels[0]).toMatchObject({ classes: ['2', '9', '10'], counts: [1, 1, 2] });
  });

  it.each([
    ['no rows', [], schema, /must be a row/],
    ['a missing column', [{ size: 1, kindd: 'a' }], schema, /column `kind`.*Did you mean `kindd`/],
    ['a value that cannot be read', [{ ...rows[0], size: 'big' }], schema, /row 0, column `size`: "big" is no number/],
    ['an infinite label', [{ ...rows[0], price: 1 / 0 }], schema, /a label must be finite/],
    ['no label at all', [{ ...rows[1] }], schema, /`price` must have a label/],
    ['three answers', [1, 2, 3].map((sold) => ({ ...rows[0], sold })), schema, /two different labels/],
    [
      'a class that there is not',
      rows,
      { ...schema, labels: [{ column: 'grade', kind: 'class', classes: ['lo', 'high'] }] },
      /"low" is not one of the classes `lo`, `high`. Did you mean `lo`/,
    ],
  ] as const)('refuse %s', (_, given, wanted, message) => {
    expect(() => learnTable(given, wanted as TableSchema)).toThrow(message);
  });

  it('refuse a class that training never saw', () => {
    const encoding = learnTable(rows, schema);
    expect(() => encodeRows(encoding, [{ ...rows[0], grade: 'middling' }], { labels: true })).toThrow(
      /not one of the classes/,
    );
  });

  it('encode rows one by one as they encode them together', () => {
    const row = fc.record({
      size: fc.option(fc.oneof(fc.double(), fc.constantFrom('1', '', '-2.5'), fc.bigInt({ min: -9n, max: 9n }))),
      kind: fc.option(fc.oneof(fc.string(), fc.constantFrom('a', 'b', '__proto__'), fc.boolean())),
    });
    const encoding = learnTable(rows, schema);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (given) => {
        const together = encodeRows(encoding, given).inputs.numbers?.data as Float32Array;
        const single = given.flatMap((one) => [...(encodeRows(encoding, [one]).inputs.numbers?.data ?? [])]);
        expect([...together]).toEqual(single);
        expect(together.every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it('leave prototypes alone, whatever a row is called', () => {
    const hostile = JSON.parse('{"size": 1, "kind": "a", "__proto__": {"polluted": true}, "constructor": 3}');
    encodeRows(learnTable(rows, schema), [hostile]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    // A property that rows inherit is no column of theirs.
    expect(() => encodeRows(learnTable(rows, schema), [Object.create({ size: 1, kind: 'a' })])).toThrow(
      /column `size`/,
    );
  });

  it('gives what a trainer learns from and predicts with, in the units of the column', async () => {
    const line = Array.from({ length: 64 }, (_, i) => ({ x: i, y: 1000 + 20 * i }));
    const encoding = learnTable(line, {
      features: [{ column: 'x', type: 'number' }],
      labels: [{ column: 'y', kind: 'number' }],
    });
    const { inputs, columns } = encodeRows(encoding, line, { labels: true });
    const trainer = await createTrainer({
      tasks: [regression('y')],
      sharing: tinySharing(mlp([8])),
      balancing: sumOfLosses(),
      optimizer: adam({ learningRate: 0.02 }),
      seed: 1,
    });
    await trainer.fit(tableDataset({ inputs: inputs as never, columns }), { epochs: 60, batchSize: 16 });
    const { y } = await trainer.predict(encodeRows(encoding, [{ x: 30 }, { x: null }]).inputs);
    expect(y[0]).toBeGreaterThan(1500);
    expect(y[0]).toBeLessThan(1700);
    // The mean of x stands in: the middle of the line.
    expect(y[1]).toBeGreaterThan(1500);
    expect(y[1]).toBeLessThan(1760);
    trainer.dispose();
  });
});

it('has nothing of Node in what browsers load', () => {
  expect(readFileSync(new URL('../../src/index.ts', import.meta.url), 'utf8')).not.toContain('node');
});

// That the operators compute what the encoders do is shown where they can be run, in apps/cli/test/export.
import { describe, expect, it } from 'vitest';
import { encodeRows, type FeatureColumn, learnTable, onnxPrologue, type RawRow } from '../../src/index.js';

const prologueOf = (rows: readonly RawRow[], features: readonly FeatureColumn[]) =>
  onnxPrologue(JSON.parse(JSON.stringify(learnTable(rows, { features, labels: [] }))));

describe('onnxPrologue', () => {
  it('has an input per column, and says what it is', () => {
    const rows = [
      { height: 1, seen: '2024-01-01', kind: 'a', notes: 'Grün', wild: true },
      { height: 3, seen: '2024-01-03', kind: 'a', notes: 'grün', wild: null },
    ];
    const { inputs, outputs, encoded, refused } = prologueOf(rows, [
      { column: 'height', type: 'number' },
      { column: 'seen', type: 'date', parts: ['trend'] },
      { column: 'kind', type: 'category', encoding: 'embedding' },
      { column: 'notes', type: 'text' },
      { column: 'wild', type: 'boolean' },
    ]);
    const day = 86_400_000;
    const shape: number[] = [];
    expect(inputs).toEqual({
      height: {
        ...{ dtype: 'float64', shape, column: 'height', type: 'number', missing: 'mean', noValue: 'NaN' },
        ...{ fill: 2, center: 2, scale: 1 },
      },
      seen: {
        ...{ dtype: 'float64', shape, column: 'seen', type: 'date', missing: 'mean', noValue: 'NaN', fill: 0 },
        ...{
          parts: ['trend'],
          center: Date.UTC(2024, 0, 2),
          scale: day,
          unit: 'milliseconds since 1970-01-01T00:00:00Z',
        },
      },
      kind: {
        ...{ dtype: 'string', shape, column: 'kind', type: 'category', missing: 'mean', noValue: '' },
        ...{ fill: 'a', encoding: 'embedding', values: ['a'] },
      },
      notes: {
        ...{ dtype: 'string', shape, column: 'notes', type: 'text', missing: 'mean', noValue: '' },
        ...{ fill: '', words: ['grün'] },
      },
      wild: {
        ...{ dtype: 'float64', shape, column: 'wild', type: 'boolean', missing: 'indicator', noValue: 'NaN' },
        ...{ fill: 1, center: 0, scale: 1 },
      },
    });
    expect(Object.keys(outputs)).toEqual(['numbers', 'categories']);
    expect(encoded).toEqual([]);
    // A boolean can be neither 1 nor 0.
    expect(refused).toBeDefined();
  });

  it('refuses nothing where no value can be wrong', () => {
    const rows = [{ x: 1 }, { x: 2 }];
    expect(prologueOf(rows, [{ column: 'x', type: 'number' }])).not.toHaveProperty('refused');
    expect(prologueOf(rows, [{ column: 'x', type: 'number', missing: 'error' }])).toHaveProperty('refused');
  });

  it('has names for columns without one, and for a column that is taken for two things', () => {
    const rows = [
      { '': 'a', day: 0 },
      { '': 'b', day: 1 },
    ];
    const { inputs } = prologueOf(rows, [
      { column: '', type: 'category' },
      { column: 'day', type: 'date' },
      { column: 'day', type: 'category', minCount: 1 },
    ]);
    expect(Object.entries(inputs).map(([name, { column, dtype }]) => [name, column, dtype])).toEqual([
      ['category', '', 'string'],
      ['day', 'day', 'float64'],
      ['day/category', 'day', 'string'],
    ]);
  });

  it('makes no tensor that is called like a column', () => {
    const columns = ['/t0', '/t1', '//c0', '///'];
    const { nodes, constants } = prologueOf(
      [Object.fromEntries(columns.map((column) => [column, 1]))],
      columns.map((column) => ({ column, type: 'number' })),
    );
    const made = [...nodes.flatMap(({ outputs }) => outputs), ...constants.map(({ name }) => name)];
    expect(new Set([...made, ...columns]).size).toBe(made.length + columns.length);
  });

  it.each([
    [
      'has a word with a Greek sigma',
      Array.from({ length: 2 }, () => 'Ο ΟΔΥΣΣΕΥΣ'),
      'ONNX cannot tell how Σ is written in lower case, as in `οδυσσευς`',
    ],
    [
      'knows many words',
      Array.from({ length: 2049 }, (_, i) => `w${i}`),
      'it knows 2049 words, and 2048 at most can be looked for in ONNX',
    ],
  ])('leaves a text encoded that %s', (_, texts, reason) => {
    const rows = texts.map((text, x) => ({ text, x, last: x }));
    const features: FeatureColumn[] = [
      { column: 'x', type: 'number' },
      { column: 'text', type: 'text', words: 16_384, missing: 'indicator' },
      { column: 'last', type: 'number' },
    ];
    const encoding = learnTable(rows, { features, labels: [] });
    const { inputs, encoded, nodes, outputs } = onnxPrologue(encoding);
    expect(encoded).toEqual([{ column: 'text', input: 'text', reason }]);
    const width = encodeRows(encoding, rows).inputs.numbers?.shape[1] as number;
    expect(inputs.text).toMatchObject({ dtype: 'float32', shape: [width - 2], encoded: true, type: 'text' });
    // Its numbers go in between those of the others, as they are.
    const joint = nodes.find((node) => node.outputs[0] === outputs.numbers);
    expect([joint?.op, joint?.inputs[1], joint?.inputs.length]).toEqual(['Concat', 'text', 3]);
  });

  it('may look for words character by character', () => {
    // What it takes for granted: in lower case, one character becomes one, of the same sort, but for İ.
    const others: string[] = [];
    const word = /[\p{L}\p{N}]/u;
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const character = String.fromCodePoint(code);
      const lower = character.toLowerCase();
      const beyond = code > 0x1ffff && lower !== character;
      if ([...lower].length > 1 || beyond || word.test(lower) !== word.test(character)) others.push(character);
    }
    expect(others).toEqual(['İ']);
    expect([...'İ'.toLowerCase()].map((one) => word.test(one))).toEqual([true, false]);
  });
});

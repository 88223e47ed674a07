import { describe, expect, it } from 'vitest';
import { encodeRows, joinLabels, type LabelOptions, learnTable } from '../../src/index.js';

const x = { column: 'x', type: 'number' } as const;
const learn = (values: readonly unknown[], label: Omit<LabelOptions, 'column'>) =>
  learnTable(
    values.map((y, row) => ({ x: row, y })),
    { features: [x], labels: [{ column: 'y', ...label }] },
  );
const encoded = (encoding: ReturnType<typeof learn>, values: readonly unknown[], labels: true | 'there' = true) =>
  Array.from(
    encodeRows(
      encoding,
      values.map((y, row) => ({ x: row, y })),
      { labels },
    ).columns.y ?? [],
  );

describe('rare classes', () => {
  const values = ['drama', 'drama', 'war', 'war', 'horror', 'noir', null];

  it('are one class where they have fewer rows than asked for, and so is what training never saw', () => {
    const encoding = learn(values, { kind: 'class', minCount: 2 });
    expect(encoding.labels[0]).toEqual({
      kind: 'class',
      column: 'y',
      rows: 6,
      classes: ['drama', 'war', 'other'],
      counts: [2, 2, 2],
      joined: 'other',
    });
    expect(encoded(encoding, ['war', 'noir', 'western', null, 'drama'])).toEqual([1, 2, 2, -1, 0]);
  });

  it('are called as asked for, also where a class has that name', () => {
    const named = learn([...values, 'rest', 'rest'], { kind: 'class', minCount: 2, other: 'rest' });
    expect(named.labels[0]).toMatchObject({ classes: ['drama', 'war', 'rest'], counts: [2, 2, 4], rows: 8 });
  });

  it('are as they are where none is rare, and nothing is asked for', () => {
    const encoding = learn(['a', 'b', 'a', 'b'], { kind: 'class', minCount: 2 });
    expect(encoding.labels[0]).toMatchObject({ classes: ['a', 'b'] });
    expect(() => encoded(encoding, ['c'])).toThrow(/"c" is not one of the classes/);
  });
});

describe('sets of labels', () => {
  it('are vectors of 1 and 0, by what is between them or as lists', () => {
    const encoding = learn(['war|drama', 'drama', '["war", "noir"]', null, '[]'], { kind: 'set' });
    expect(encoding.labels[0]).toEqual({
      kind: 'set',
      column: 'y',
      rows: 4,
      classes: ['drama', 'noir', 'war'],
      counts: [2, 1, 2],
      separator: '|',
    });
    const found = encoded(encoding, ['war | drama', ['noir', null], null, 'western', '[]']);
    expect(found).toEqual([1, 0, 1, 0, 1, 0, Number.NaN, Number.NaN, Number.NaN, 0, 0, 0, 0, 0, 0]);
    const labels = [{ column: 'y', kind: 'set' }] as const;
    const columns = { y: Float32Array.from(found) };
    expect(joinLabels(labels, columns, 5)[0]).toMatchObject({ column: 'y', shape: [5, 3] });
  });

  it('leave out rare labels, and take those that are named', () => {
    const values = ['a;b', 'a', 'b;c'];
    expect(learn(values, { kind: 'set', separator: ';', minCount: 2 }).labels[0]).toMatchObject({
      classes: ['a', 'b'],
    });
    const named = learn(values, { kind: 'set', separator: ';', classes: ['c', 'z'] });
    expect(named.labels[0]).toMatchObject({ classes: ['c', 'z'], counts: [1, 0] });
    expect(encoded(named, ['c;a'])).toEqual([1, 0]);
    expect(() => learn([null, null], { kind: 'set' })).toThrow(/must have a label/);
  });
});

describe('labels that are there', () => {
  it('are encoded, and columns that are not there are missing', () => {
    const encoding = learn([1, 2], { kind: 'number' });
    const rows = [{ x: 1 }, { x: 2 }];
    expect(() => encodeRows(encoding, rows, { labels: true })).toThrow(/must have a column `y`/);
    const { columns } = encodeRows(encoding, rows, { labels: 'there' });
    expect(Array.from(columns.y ?? [])).toEqual([Number.NaN, Number.NaN]);
    expect(() => encodeRows(encoding, [{ y: 1 }], { labels: 'there' })).toThrow(/must have a column `x`/);
  });
});

// Tables are read as they are written: no value, name or date becomes another one without a word.
import { join } from 'node:path';
import type { TableDataset } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { encodeRows, type LabelOptions, type LearnedFeature, type TableEncoding } from '../../../src/index.js';
import { loadTable, type ReadRowsOptions, readRows, type TableOptions } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

type Files = Record<string, string | Uint8Array>;
type Given = Partial<TableOptions> & { file?: string };

async function load(files: Files, { file = Object.keys(files)[0] as string, ...more }: Given) {
  const folder = folderWith(files as Record<string, string>);
  const options = { source: join(folder, file), cache: join(folder, 'cache'), labels: [], ...more } as TableOptions;
  return { folder, ...(await loadTable(options)) };
}

async function rowsOf(path: string, options: ReadRowsOptions) {
  const rows = [];
  for await (const some of readRows(path, options)) rows.push(...some);
  return rows;
}

const classesOf = ({ labels: [label] }: TableEncoding) => {
  if (label?.kind !== 'class') throw new Error('no class');
  return label.classes;
};
const featureOf = <T extends LearnedFeature['type']>({ features: [feature] }: TableEncoding, type: T) => {
  if (feature?.type !== type) throw new Error(`no ${type}`);
  return feature as Extract<LearnedFeature, { type: T }>;
};
const y: readonly LabelOptions[] = [{ column: 'y', kind: 'number' }];
const csv = (header: string, count: number, line: (i: number) => string) =>
  `${[header, ...Array.from({ length: count }, (_, i) => line(i))].join('\n')}\n`;
const labelsOf = (table: { train: unknown }, column: string) =>
  Promise.resolve((table.train as TableDataset).open({ batchSize: 1000 }).next()).then(
    (batch) => ((batch as NonNullable<typeof batch>).columns[column] as { data: Float32Array }).data,
  );

describe('dates', () => {
  const date = (day: number) => {
    const at = new Date(Date.UTC(2023, 0, day));
    return [at.getUTCMonth() + 1, at.getUTCDate(), 2023].map((n) => String(n).padStart(2, '0')).join('/');
  };
  const sales = csv('opened,y', 182, (i) => `${date(1 + 2 * i)},${i}`);

  it('are written in later files as they were in training, whatever those look like alone', async () => {
    const few = 'opened\n04/03/2023\n11/05/2023\n';
    const more = `${few}12/25/2023\n`;
    const { folder, encoding, reading } = await load(
      { 'sales.csv': sales, 'few.csv': few, 'more.csv': more },
      { labels: y, features: { opened: { type: 'date', parts: ['trend'] } } },
    );
    expect(reading.columns[0]).toEqual({ name: 'opened', type: 'DATE', format: '%m/%d/%Y' });
    for (const name of ['few.csv', 'more.csv']) {
      const rows = await rowsOf(join(folder, name), { encoding, reading });
      const april = Date.UTC(2023, 3, 3);
      const [first] = encodeRows(encoding, rows).inputs.numbers?.data ?? [];
      const { center, scale } = encoding.features[0] as { center: number; scale: number };
      expect(first).toBeCloseTo((april - center) / scale, 5);
      expect(rows[0]?.opened).toBe(april);
    }
    // As it is written, where it is carried along; and told as it is written, where it cannot be.
    const exact = await rowsOf(join(folder, 'few.csv'), {
      encoding: { ...encoding, features: [] },
      reading,
      exact: ['opened'],
    });
    expect(exact[0]?.opened).toBe('04/03/2023');
    const wrong = join(folderWith({ 'w.csv': 'opened\n02/31/2023\n' }), 'w.csv');
    const rows = await rowsOf(wrong, { encoding, reading });
    expect(() => encodeRows(encoding, rows)).toThrow(/"02\/31\/2023" is no date/);
  });

  it('that can be read in two ways are refused, unless the way is said', async () => {
    const open = csv('opened,y', 12, (i) => `${String(i + 1).padStart(2, '0')}/05/2023,${i}`);
    const wanted: Given = { labels: y, features: { opened: 'date' } };
    await expect(load({ 't.csv': open }, wanted)).rejects.toThrow(/could be `%m\/%d\/%Y` or `%d\/%m\/%Y`/);
    await expect(load({ 't.csv': open }, { labels: y })).rejects.toThrow(/csv: \{ date:/);
    const { encoding } = await load({ 't.csv': open }, { ...wanted, csv: { date: '%m/%d/%Y' } });
    expect(new Date((encoding.features[0] as { center: number }).center).getUTCMonth()).toBeGreaterThan(3);
  });

  it('of digits alone are days, and numbers that could be anything are refused', async () => {
    const packed = csv('opened,y', 60, (i) => `202301${String(1 + (i % 31)).padStart(2, '0')},${i}`);
    const features = { opened: { type: 'date', parts: ['year'] } } as const;
    const { encoding, record } = await load({ 't.csv': packed }, { labels: y, features });
    expect(new Date((encoding.features[0] as { center: number }).center).getUTCFullYear()).toBe(2023);
    expect(record.columns[0]).toMatchObject({ type: 'date, numbers: packed', range: ['2023-01-01', '2023-01-31'] });
    const years = csv('opened,y', 20, (i) => `${2000 + i},${i}`);
    await expect(load({ 't.csv': years }, { labels: y, features })).rejects.toThrow(
      /numbers, 2000 to 2019, could be anything\. Say what they stand for: `\{ type: date, numbers: packed/,
    );
  });

  it('as numbers are told by the whole column, kept, and read so in later files of any format', async () => {
    const features = { opened: { type: 'date', parts: ['trend'] } } as const;
    const day = Date.UTC(2023, 5, 1);
    // The other kinds: `date-numbers.test.ts`.
    const units = {
      packed: (i: number) => `202306${String(1 + i).padStart(2, '0')}`,
      seconds: (i: number) => String(day / 1000 + 86_400 * i),
    };
    for (const [numbers, write] of Object.entries(units)) {
      const values = [write(3), '2023-06-04', `${write(3)}.0`];
      const { folder, encoding, reading } = await load(
        {
          't.csv': csv('opened,y', 30, (i) => `${write(i)},${i}`),
          'later.csv': `opened\n${values.join('\n')}\n`,
          'later.json': JSON.stringify([{ opened: Number(write(3)) }]),
          'dates.csv': 'opened\n2023-06-04\n',
        },
        { labels: y, features },
      );
      const { center, scale } = featureOf(encoding, 'date');
      expect(encoding.features[0]).toMatchObject({ numbers });
      expect(center).toBeCloseTo(day + 14.5 * 86_400_000, 1);
      const wanted = Math.fround((day + 3 * 86_400_000 - center) / scale);
      const later: [name: string, sql?: string][] = [['later.csv'], ['later.json']];
      if (numbers === 'packed') later.push(['dates.csv', 'SELECT opened::DATE AS opened FROM data']);
      for (const [name, sql] of later) {
        // SQL that makes dates of texts stands for a training file that had them.
        const known = sql === undefined ? { encoding, reading } : { encoding, sql };
        const rows = await rowsOf(join(folder, name), known);
        for (const value of encodeRows(encoding, rows).inputs.numbers?.data ?? []) expect(value).toBe(wanted);
      }
    }
  });

  it('as numbers of two kinds are refused with the first row that does not fit, unless it is said and they may be left out', async () => {
    const mixed = csv('opened,y', 40, (i) => `${i === 17 ? 1_700_000_000 : 20_230_601 + (i % 30)},${i}`);
    const wanted: Given = { labels: y, features: { opened: 'date' } };
    await expect(load({ 't.csv': mixed }, wanted)).rejects.toThrow(
      /39 of 40 numbers are dates such as 20240131, but t\.csv, row 18, 1700000000, is not one/,
    );
    const said: Given = { labels: y, features: { opened: { type: 'date', numbers: 'packed' } } };
    await expect(load({ 't.csv': mixed }, said)).rejects.toThrow(
      /t\.csv, row 18, column `opened`: 1700000000 is no date/,
    );
    const { record } = await load({ 't.csv': mixed }, { ...said, maxBadRows: 1 });
    expect(record.badRows.count).toBe(1);
    const { encoding } = await load({ 't.csv': mixed.replace('\n1700000000,', '\n20230601,') }, wanted);
    const later = await load({ 'u.csv': 'opened,y\n1700000000,1\n' }, { labels: y, encoding }).catch(
      (error: Error) => error,
    );
    expect((later as Error).message).toContain('row 1, column `opened`: 1700000000 is no date such as 20240131');
  });
});

describe('SQL', () => {
  const text = csv('year,month,y', 24, (i) => `${2020 + (i % 3)},${1 + (i % 12)},${i}`);
  const period = "SELECT year || '-' || lpad(month::VARCHAR, 2, '0') AS period, y FROM data";

  it('sees whole numbers as whole numbers', async () => {
    const jsonl = text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => {
        const [year, month, at] = line.split(',').map(Number);
        return JSON.stringify({ year, month, y: at });
      });
    for (const [name, contents] of [
      ['t.csv', text],
      ['t.jsonl', jsonl.join('\n')],
    ] as const) {
      const labels = [{ column: 'period', kind: 'class' }] as const;
      const { encoding } = await load({ [name]: contents }, { sql: period, labels });
      expect(classesOf(encoding)[0]).toBe('2020-01');
    }
    const sql = 'SELECT make_date(year, month, 1) AS opened, y FROM data';
    const { encoding } = await load({ 't.csv': text }, { sql, labels: y });
    expect(encoding.features[0]?.type).toBe('date');
  });

  it('sees later files as it saw the first ones', async () => {
    const later = {
      'n.csv': 'year,month\n2021,5\n',
      'gaps.csv': 'year,month\n2021.0,5.0\n',
      'bad.csv': 'year,month\n2021,May\n',
    };
    const { folder, encoding, reading } = await load(
      { 't.csv': text, ...later },
      { sql: 'SELECT make_date(year, month, 1) AS opened, y FROM data', labels: y },
    );
    const sql = 'SELECT make_date(year, month, 1) AS opened FROM data';
    for (const name of ['n.csv', 'gaps.csv']) {
      const [row] = await rowsOf(join(folder, name), { encoding, reading, sql });
      expect(row?.opened).toBe(Date.UTC(2021, 4, 1));
    }
    await expect(rowsOf(join(folder, 'bad.csv'), { encoding, reading, sql })).rejects.toThrow(
      /`month` must be of type BIGINT.*"May"/,
    );
  });

  it('does not see what columns are used for', async () => {
    const sizes = csv('size,temp', 200, (i) => `${5 + ((i * 37) % 200)},${i % 10 === 0 ? 'NA' : i / 10}`);
    const clean = "SELECT size, nullif(temp, 'NA')::DOUBLE AS temp FROM data";
    const { train } = await load({ 't.csv': sizes }, { sql: clean, labels: [{ column: 'temp', kind: 'number' }] });
    expect(train.size).toBe(200);
    const largest = 'SELECT size, temp FROM data ORDER BY size DESC LIMIT 100';
    const features = { size: { type: 'category', minCount: 1 } } as const;
    const { encoding } = await load(
      { 't.csv': sizes },
      { sql: largest, features, labels: [{ column: 'temp', kind: 'class' }] },
    );
    expect(Math.min(...featureOf(encoding, 'category').values.map(Number))).toBe(105);
  });
});

describe('names', () => {
  it('in quotes are the same as without, wherever quotes first come', async () => {
    const many = csv('firm,y', 26_000, (i) => `${i < 25_000 ? 'abc'[i % 3] : `"${'abc'[i % 3]}"`},${i % 50}`);
    const { encoding } = await load({ 't.csv': `${many}"d, e",1\n` }, { labels: [{ column: 'firm', kind: 'class' }] });
    expect(classesOf(encoding)).toEqual(['a', 'b', 'c', 'd, e']);
  });

  it('stay apart beyond 2^53, and as they are written', async () => {
    const ids = ['9007199254740992', '9007199254740993', '123456789012345678901234567890', '007', '7'];
    const text = csv('x,account', 50, (i) => `${i},${ids[i % 5]}`);
    const { encoding } = await load({ 't.csv': text }, { labels: [{ column: 'account', kind: 'class' }] });
    expect([...classesOf(encoding)].sort()).toEqual([...ids].sort());
  });

  it.each([
    ['yes', 'no'],
    ['True', 'False'],
    ['1.10', '1.1'],
  ])('come back as they were written: %s and %s', async (one, other) => {
    const text = csv('x,paid', 40, (i) => `${i},${i % 2 === 0 ? one : other}`);
    const { encoding } = await load({ 't.csv': text }, { labels: [{ column: 'paid', kind: 'class' }] });
    expect([...classesOf(encoding)].sort()).toEqual([one, other].sort());
  });

  it('of whole numbers are known with a fraction of 0 too', async () => {
    const text = csv('plate,y', 50, (i) => `${1 + (i % 5)},${i % 5}`);
    const { folder, encoding, reading } = await load(
      { 't.csv': text, 'f.csv': 'plate\n1.0\n5.0\n9.0\n' },
      { labels: y, features: { plate: 'category' } },
    );
    const { unfamiliar, inputs } = encodeRows(encoding, await rowsOf(join(folder, 'f.csv'), { encoding, reading }));
    expect(unfamiliar).toEqual([{ column: 'plate', unknown: 1, missing: 0 }]);
    // Unknown is the mean of the known: a fifth of each.
    expect([...(inputs.numbers?.data ?? [])].slice(12)).toEqual([0, ...Array(5).fill(Math.fround(0.2))]);
  });

  it('that two columns have are told, and refused where a task learns one of them', async () => {
    const text = csv('a,b,y,y', 20, (i) => `${i},${i % 3},${i},${i}`);
    await expect(load({ 't.csv': text }, { labels: y })).rejects.toThrow(/two columns are called `y`/);
    const twice = csv('a,a,y', 20, (i) => `${i % 7},${i % 3},${i}`);
    const { record } = await load({ 't.csv': twice }, { labels: y });
    expect(record.notes.join()).toContain('Another column is called `a` too; the second one is `a_1` here.');
  });
});

describe('CSV files', () => {
  const german = csv('Fläche;Preis', 50, (i) => `${i},5;${2 * i},5`);
  const labels = [{ column: 'Preis', kind: 'number' }] as const;

  it('with decimal commas, other encodings and lines before the header are read when that is said', async () => {
    const comma = { decimal: ',' };
    const utf16 = Buffer.concat([Buffer.from([255, 254]), Buffer.from(german, 'utf16le')]);
    const files: readonly [string | Uint8Array, TableOptions['csv']][] = [
      [german, comma],
      [Buffer.from(german, 'latin1'), { ...comma, encoding: 'latin1' }],
      [utf16, comma],
      [`sep=;\n${german}`, comma],
      [`Some title\n\n${german}`, { ...comma, skip: 2 }],
    ];
    for (const [contents, csv] of files) {
      const { encoding, record } = await load({ 't.csv': contents }, { csv: csv as NonNullable<typeof csv>, labels });
      expect(encoding.features[0]).toMatchObject({ column: 'Fläche', type: 'number', center: 25 });
      expect(record.source.rows).toBe(50);
    }
  });

  it('are refused with what to say of them', async () => {
    await expect(load({ 't.csv': german }, { labels })).rejects.toThrow(
      /`Preis` look like decimal commas: `csv: \{ decimal: ',' \}`/,
    );
    await expect(load({ 't.csv': Buffer.from(german, 'latin1') }, { labels })).rejects.toThrow(
      /must be UTF-8, but is not/,
    );
    await expect(load({ 't.csv': german }, { labels, csv: { encoding: 'latin-99' } })).rejects.toMatchObject({
      place: ['csv', 'encoding'],
      message: expect.stringContaining('there is no encoding "latin-99"'),
    });
    const gaps = csv('x,y', 40, (i) => `${i},${i % 3 === 0 ? 'NA' : i}`);
    await expect(load({ 't.csv': gaps }, { labels: y })).rejects.toThrow(/csv: \{ missing: \["", "NA"\] \}/);
  });
});

describe('what was read', () => {
  it('is told of every column, with what may be a mistake', async () => {
    const text = csv(
      'id,power,one,copy,note,y',
      400,
      (i) => `${i},${i % 17 ? 60 + ((i * 37) % 50) : '?'},1,${i % 9},some text ${i},${i % 9}`,
    );
    const { record } = await load({ 't.csv': text }, { labels: y });
    expect(record.columns.find(({ column }) => column === 'power')).toMatchObject({
      ...{
        use: 'feature',
        type: 'category, one-hot',
        why: 'few different texts',
        width: 52,
        missing: 0,
        different: 51,
      },
    });
    expect(record.columns.find(({ column }) => column === 'copy')).toMatchObject({ type: 'number', range: [0, 8] });
    const notes = record.notes.join('\n');
    expect(notes).toContain('`id`: all 400 whole numbers are different');
    expect(notes).toContain(
      '`power`: 376 rows are numbers, 24 are "?"; if they stand for no value, say `csv: { missing: ["", "?"] }`',
    );
    expect(notes).toContain('`one` has the same value in all rows');
    expect(notes).toContain('`copy` equals the label `y`');
    expect(record.leftOut).toEqual([{ column: 'note', reason: expect.stringContaining('different texts') }]);
  });

  it('is refined by a mapping of features, and says which of two words is the positive one', async () => {
    const text = csv('a,b,late', 60, (i) => `${i},w${i % 3},${i % 5 ? 'ontime' : 'late'}`);
    const labels = [{ column: 'late', kind: 'binary' }] as const;
    const { encoding, record } = await load({ 't.csv': text }, { labels, features: { b: 'text' }, refine: true });
    expect(encoding.features.map(({ column, type }) => `${column}: ${type}`)).toEqual(['b: text', 'a: number']);
    expect(encoding.labels[0]).toMatchObject({ unsaid: true });
    expect(record.notes).toEqual(
      [expect.stringContaining('positive is `ontime` (80.0 % of training rows)')].flatMap((note) => [
        expect.stringContaining('`a`: all 60'),
        note,
      ]),
    );
  });
});

describe('labels', () => {
  it('that need more digits than float32 has are kept less a number near their mean', async () => {
    const text = csv('x,y', 100, (i) => `${i},${1_700_000_000_000 + i}`);
    const shifted = await load({ 't.csv': text }, { labels: [{ column: 'y', kind: 'number', shift: true }] });
    const [label] = shifted.encoding.labels;
    if (label?.kind !== 'number' || label.offset === undefined) throw new Error('no number with an offset');
    const { offset } = label;
    const kept = [...(await labelsOf(shifted, 'y'))].map((value) => value + offset).sort((a, b) => a - b);
    expect(kept.slice(0, 3)).toEqual([1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002]);
    const small = await load(
      { 't.csv': csv('x,y', 100, (i) => `${i},${2000 + i}`) },
      { labels: [{ column: 'y', kind: 'number', shift: true }] },
    );
    expect(small.encoding.labels[0]).not.toHaveProperty('offset');
  });
});

describe('texts in scripts without spaces', () => {
  it('are characters and pairs of them, like words of others', async () => {
    const text = csv('note,y', 40, (i) => `今日店${i % 2 ? 'まずい' : 'おいしい'}料理,${i % 2}`);
    const { encoding } = await load({ 't.csv': text }, { labels: y, features: { note: { type: 'text', words: 50 } } });
    const { words } = featureOf(encoding, 'text');
    expect(words).toEqual(expect.arrayContaining(['まず', 'ずい', '今日', '店']));
  });
});

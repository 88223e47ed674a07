// What DuckDB would take for a shorter table, crash over, or unpack without end.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadTable, readRows } from '../../../src/node/index.js';
import { openDatabase, quoteText } from '../../../src/node/reading/duckdb.js';
import { folderWith } from '../../helpers/folder.js';

afterEach(() => vi.unstubAllEnvs());

const csv = `x,y\n${Array.from({ length: 5000 }, (_, row) => `${row},${(row * 7919) % 5000}`).join('\n')}\n`;
const jsonl = `${Array.from({ length: 5000 }, (_, row) => `{"x": ${row}, "y": ${(row * 7919) % 5000}}`).join('\n')}\n`;
const json = `[${jsonl.trim().replaceAll('\n', ',\n')}]`;
const encoding = {
  format: 1,
  features: [{ type: 'number', column: 'x', missing: 'mean', fill: 0, center: 0, scale: 1 }],
  labels: [],
} as const;

/** How many rows training, and prediction, read of a file; or why they refuse it. Both must agree. */
async function rowsOf(name: string, contents: string | Uint8Array): Promise<number | string> {
  const folder = folderWith({ [name]: contents });
  const source = join(folder, name);
  const trained = await loadTable({
    source,
    labels: [{ column: 'y', kind: 'number' }],
    cache: join(folder, 'cache'),
    maxBadRows: 10,
  }).then(
    ({ train }) => train.size,
    (error: Error) => error.message.replaceAll(folder, ''),
  );
  const predict = async () => {
    let rows = 0;
    for await (const some of readRows(source, { encoding, onBadLines() {} })) rows += some.length;
    return rows;
  };
  const predicted = await predict().catch((error: Error) => error.message.replaceAll(folder, ''));
  expect(predicted).toBe(trained);
  return trained;
}

describe('a line of CSV', () => {
  const spaces = (size: number) => `x,y\n1,2\n${' '.repeat(size)}1,2\n3,4\n`;
  it.each([
    ['rows.csv', spaces(2_100_000)],
    ['rows.csv', 'x'.repeat(5_000_000)],
    // 128 MB in 130 kB.
    ['rows.csv.gz', gzipSync(Buffer.concat([Buffer.from('x,y\n1,2\n'), Buffer.alloc(2 ** 27, 0x20)]), { level: 1 })],
  ])('that is longer than 2 MB is refused at once: %s', async (name, contents) => {
    expect(await rowsOf(name, contents)).toMatch(/rows\.csv.* must have lines of at most 2 MB/);
  });

  it('may be shorter, however many there are, and however they end', async () => {
    const long = ' '.repeat(600_000);
    for (const end of ['\n', '\r', '\r\n']) {
      const text = ['x,y', `1,${long}2`, `3,${long}4`, `5,${long}6`, `7,${long}8`, `9,${long}10`, ''].join(end);
      expect(await rowsOf('rows.csv', text)).toBe(5);
    }
  });
});

describe('gzip', () => {
  it('is read whole, also of several members, under any name for it', async () => {
    expect(await rowsOf('rows.csv.gz', gzipSync(csv))).toBe(5000);
    expect(await rowsOf('ROWS.CSV.GZ', gzipSync(csv))).toBe(5000);
    expect(await rowsOf('rows.jsonl.gz', gzipSync(jsonl))).toBe(5000);
    expect(await rowsOf('rows.json.gz', gzipSync(json))).toBe(5000);
    const half = csv.indexOf('\n', csv.length / 2) + 1;
    expect(await rowsOf('rows.csv.gz', Buffer.concat([gzipSync(csv.slice(0, half)), gzipSync(csv.slice(half))]))).toBe(
      5000,
    );
  });

  const packed = gzipSync(csv);
  const wrongSum = Buffer.from(packed);
  wrongSum.writeUInt32LE((packed.readUInt32LE(packed.length - 8) ^ 1) >>> 0, packed.length - 8);
  it.each([
    ['cut in the middle', packed.subarray(0, packed.length / 2), /whole gzip file.*unexpected end/],
    ['cut within its last bytes', packed.subarray(0, -4), /whole gzip file.*unexpected end/],
    [
      'cut within the second member',
      Buffer.concat([packed, packed.subarray(0, 200)]),
      /whole gzip file.*unexpected end/,
    ],
    ['with a wrong check sum', wrongSum, /whole gzip file.*data check/],
    ['with something behind it', Buffer.concat([packed, Buffer.from('and more')]), /gzip file/],
    ['with zeros behind it', Buffer.concat([packed, Buffer.alloc(100)]), /nothing else, but 100 bytes follow/],
    ['that is none', Buffer.from(csv), /whole gzip file.*header/],
    ['of nothing', gzipSync(''), /is empty/],
  ])('%s is refused', async (_, bytes, message) => {
    expect(await rowsOf('rows.csv.gz', bytes)).toMatch(message);
  });

  it('that was cut after a line is refused, though it reads like a shorter table', async () => {
    const { createGzip, constants } = await import('node:zlib');
    const stream = createGzip();
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.write(jsonl.slice(0, jsonl.indexOf('\n', jsonl.length / 2) + 1));
    await new Promise<void>((resolve) => stream.flush(constants.Z_SYNC_FLUSH, resolve));
    expect(await rowsOf('rows.jsonl.gz', Buffer.concat(parts))).toMatch(/whole gzip file.*unexpected end/);
  });

  it('that unpacks to many times its size is refused on the way', async () => {
    const bomb = gzipSync(`x,y\n${'0,0\n'.repeat(1_000_000)}`);
    expect(await rowsOf('rows.csv.gz', bomb)).toBe(1_000_000);
    vi.stubEnv('POLYTASK_UNPACK_LIMIT', '0.001');
    expect(await rowsOf('rows.csv.gz', bomb)).toMatch(/must not unpack to more than \d+ MB.*POLYTASK_UNPACK_LIMIT/);
    expect(await rowsOf('rows.csv.gz', gzipSync(csv))).toBe(5000);
  });
});

describe('JSON', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  it.each([
    ['rows.json', `[{"x": 1, "y": 2, "z": ${deep}}]`],
    ['rows.jsonl', `{"x": 1, "y": 2}\n{"x": 1, "y": 2, "z": ${deep}}\n`],
    ['rows.json.gz', gzipSync(`[{"x": 1, "y": 2, "z": ${deep}}]`)],
    ['rows.jsonl.gz', gzipSync(`{"x": 1, "y": 2, "z": ${deep.replaceAll('[', '{"a":[').replaceAll(']', ']}')}}\n`)],
  ])('nested too deeply is refused in %s', async (name, contents) => {
    expect(await rowsOf(name, contents)).toMatch(/at most 1000 brackets within brackets/);
  });

  it('that ends too early is refused, packed or not', async () => {
    for (const cut of [json.slice(0, -1), json.slice(0, json.lastIndexOf(','))]) {
      expect(await rowsOf('rows.json', cut)).toMatch(/the list that it begins with does not end/);
      expect(await rowsOf('rows.json.gz', gzipSync(cut))).toMatch(/the list that it begins with does not end/);
    }
  });
});

it('refuses a Parquet file of few bytes and many rows before it reads them', async () => {
  const folder = folderWith();
  const path = join(folder, 'rows.parquet');
  const database = await openDatabase({ files: [path], threads: 1, memory: 256 });
  await database.run(`COPY (SELECT 1 AS x, 2 AS y FROM range(3000000)) TO ${quoteText(path)} (FORMAT parquet)`);
  database.close();
  vi.stubEnv('POLYTASK_UNPACK_LIMIT', '0.04');
  const labels = [{ column: 'y', kind: 'number' }] as const;
  const cache = join(folder, 'cache');
  await expect(loadTable({ source: path, labels, cache })).rejects.toThrow(/must not unpack to more than 40 MB/);
  await expect(readRows(path, { encoding }).next()).rejects.toThrow(/must not unpack to more than 40 MB/);
});

it('reads the file of a name, whatever DuckDB takes that name for', async () => {
  const names = [
    't[1].csv',
    'u*.csv',
    'v?.csv',
    'w[a-z].csv',
    '[[]x.csv',
    '**.csv',
    '{a,b}.csv',
    '~.csv',
    's3:x.csv',
    "o'k.csv",
  ];
  const others = ['t1.csv', 'ux.csv', 'va.csv', 'wb.csv', '[x.csv', 'yy.csv', 'a.csv', 'b.csv'];
  const sum = (names.length * (names.length + 1)) / 2;
  const folder = folderWith();
  const inside = join(folderWith({ 'year=2020/e[1]*/x': '' }), 'year=2020/e[1]*');
  for (const place of [folder, inside]) {
    names.forEach((name, index) => {
      writeFileSync(join(place, name), `x,y\n${`${index},${index}\n`.repeat(index + 1)}`);
    });
    for (const name of others) writeFileSync(join(place, name), `x,y\n${'1000,1000\n'.repeat(50)}`);
    const labels = [{ column: 'y', kind: 'number' }] as const;
    const source = names.map((name) => join(place, name));
    // Also where the cache has such a name.
    const { train, record } = await loadTable({ source, labels, cache: join(place, 'month=1/cache[1]*') });
    expect([train.size, Object.keys(record.inferred)]).toEqual([sum, ['x']]);
  }
  for (const [index, name] of names.entries()) {
    let rows = 0;
    for await (const some of readRows(join(folder, name), { encoding })) rows += some.length;
    expect([name, rows]).toEqual([name, index + 1]);
  }
  const whole = await loadTable({
    source: folder,
    labels: [{ column: 'y', kind: 'number' }],
    cache: join(folder, 'cache'),
  });
  expect(whole.train.size).toBe(sum + others.length * 50);
}, 120_000);

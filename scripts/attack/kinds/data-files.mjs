// Files of rows in every format, packed and not, and images, opened by a run file, a model and a trainer of our own.
import { join } from 'node:path';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { png, runFile } from '../base.mjs';
import { mutateBytes, mutateTree } from '../mutate.mjs';
import { plantCode, put } from '../place.mjs';
import { strangeText, strangeValue, toJson } from '../strange.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('../base.mjs').Base} Base */

/** @type {import('../campaign.mjs').Kind} */
export const dataFiles = {
  name: 'data-file',
  share: 1500,
  make(random, place, base) {
    const { mine, stranger } = place;
    plantCode(place, stranger);
    put(join(mine, 'run'), base.done);
    if (random.chance(0.2)) return imageCase(random, place, base);
    const name = random.pick(Object.keys(base.tables));
    const { bytes, note } = changeTable(name, random, base);
    put(stranger, { [name]: bytes });
    const file = `stranger/${name}`;
    put(mine, {
      'run.yaml': JSON.stringify({
        ...runFile,
        data: { ...runFile.data, source: file, maxBadRows: random.pick([0, 5]) },
      }),
    });
    const use = random.below(10);
    if (use < 4) return { note, args: ['check', 'run.yaml'] };
    if (use < 5)
      return { note, args: ['train', 'run.yaml', '-q', '-o', 'out', '-s', 'training.epochs=1'], writes: ['mine/out'] };
    if (use < 8)
      return { note, args: ['predict', 'run', file, '-q', '-o', 'out.csv', '--keep', 'k'], writes: ['mine/out.csv'] };
    if (use < 9) return { note, args: ['evaluate', 'run', '--data', file, '-q'] };
    const format = name.split('.')[1] ?? 'csv';
    return { note: `${note}, piped in`, args: ['predict', 'run', '-', '-q', '-f', format], stdin: bytes };
  },
};

/**
 * @param {string} name
 * @param {Random} random
 * @param {Base} base
 * @returns {{ bytes: Buffer, note: string }}
 */
function changeTable(name, random, base) {
  const file = /** @type {Buffer} */ (base.tables[name]);
  const packed = name.endsWith('.gz');
  if (name.endsWith('.parquet') || random.chance(0.25)) {
    if (packed && random.chance(0.3)) return { bytes: bomb(random, name), note: `${name}: a bomb` };
    return { bytes: mutateBytes(file, random), note: `${name}: changed bytes` };
  }
  const plain = /** @type {Buffer} */ (base.tables[name.replace('.gz', '')]);
  const text = name.startsWith('t.csv') ? changeCsv(String(plain), random) : changeJson(name, base, random);
  return { bytes: packed ? gzipSync(text) : Buffer.from(text), note: `${name}: changed content` };
}

/**
 * @param {string} csv
 * @param {Random} random
 */
function changeCsv(csv, random) {
  const rows = csv.split('\n').map((line) => line.split(','));
  const cells = /** @type {string[]} */ (random.pick(random.chance(0.4) ? rows.slice(0, 1) : rows));
  const at = random.below(cells.length);
  const way = random.below(8);
  if (way === 0) rows.splice(random.below(rows.length), 1 + random.below(60));
  else if (way === 1) cells[at] = `"${strangeText(random)}`;
  else if (way === 2) cells[at] = `"${strangeText(random).replaceAll('"', '""')}"`;
  else if (way === 3) cells.push(...Array(random.pick([1, 50, 3000])).fill(strangeText(random)));
  else if (way === 4)
    for (const row of rows.slice(1))
      row[at] = random.pick(['1e308', '-1e308', 'nan', 'inf', '', '9'.repeat(400), '1e-320']);
  else if (way === 5) for (const row of rows) row.push(...Array.from({ length: 300 }, (_, i) => String(i)));
  else if (way === 6) cells[at] = String(strangeValue(random));
  else cells[at] = `${strangeText(random)}\r${strangeText(random)}`;
  return rows.map((row) => row.join(random.chance(0.01) ? ';' : ',')).join(random.pick(['\n', '\n', '\r\n', '\r']));
}

/**
 * @param {string} name
 * @param {Base} base
 * @param {Random} random
 */
function changeJson(name, base, random) {
  const rows = mutateTree(JSON.parse(String(base.tables['t.json'])), random);
  // The changes may have left something else.
  const first = rows?.[0];
  if (random.chance(0.1) && typeof first === 'object' && first !== null)
    first.z = `@@deep ${random.pick([500, 50_000, 400_000])}`;
  if (!name.startsWith('t.jsonl') || !Array.isArray(rows)) return toJson(rows);
  return rows.map((/** @type {unknown} */ row) => toJson(row ?? null)).join('\n');
}

/**
 * Small files that become large.
 * @param {Random} random
 * @param {string} name
 */
function bomb(random, name) {
  const size = random.pick([2 ** 24, 2 ** 27]);
  const line = name.startsWith('t.csv') ? '0.1,0.2,x,1,yes\n' : '{"a":1,"b":2,"k":"x","price":1,"big":"yes"}\n';
  if (random.chance(0.5)) return gzipSync(Buffer.concat([Buffer.from('a,b,k,price,big\n'), Buffer.alloc(size, 0x20)]));
  return gzipSync(`${name.startsWith('t.csv') ? 'a,b,k,price,big\n' : ''}${line.repeat(size / 64 / line.length)}`);
}

/**
 * @param {Random} random
 * @param {import('../place.mjs').Place} place
 * @param {Base} base
 * @returns {import('../campaign.mjs').Case}
 */
function imageCase(random, { mine, stranger, outside }, base) {
  const images = { ...base.images };
  const name = random.pick(Object.keys(images));
  const [note, bytes] = random.pick(imageChanges)(/** @type {Buffer} */ (images[name]), random);
  images[name] = bytes;
  put(join(stranger, 'images'), images);
  put(outside, { 'images/x.png': /** @type {Buffer} */ (base.images['dark/0.png']) });
  const names = Object.keys(images);
  if (random.chance(0.4))
    names[random.below(names.length)] = random.pick([
      strangeText(random),
      '../../../outside/images/x.png',
      join(outside, 'images/x.png'),
      '..//../t.csv',
    ]);
  const table = [
    'file,shade',
    ...names.map((file, i) => `"${file.replaceAll('"', '""')}",${i % 2 ? 'dark' : 'light'}`),
  ].join('\n');
  put(stranger, { 'images.csv': table });
  const data = { use: 'images', folder: 'stranger/images', table: 'stranger/images.csv' };
  const tasks = [{ name: 'shade', type: 'classification', classes: ['dark', 'light'] }];
  const { optimizer, seed, backend, sharing } = runFile;
  put(mine, {
    'run.yaml': JSON.stringify({
      data,
      tasks,
      sharing,
      optimizer,
      seed,
      backend,
      split: { test: 0.3 },
      training: { epochs: 1 },
    }),
  });
  const args = random.chance(0.5) ? ['check', 'run.yaml'] : ['train', 'run.yaml', '-q', '-o', 'out'];
  return { note: `an image: ${note}`, args, writes: ['mine/out'] };
}

const black = () => 0;

/** @type {Buffer | undefined} */
let packed;
/** 256 MB of zeros, packed; once, as it takes a second. */
const zeros = () => {
  packed ??= deflateSync(Buffer.alloc(2 ** 28), { level: 1 });
  return packed;
};

/** @type {readonly ((image: Buffer, random: Random) => [string, Buffer])[]} */
const imageChanges = [
  (image, random) => ['changed bytes', mutateBytes(image, random)],
  (_, random) => [
    'other size than it says',
    png(4, 4, black, { width: random.pick([0, 5, 65_535, 2 ** 31 - 1]), height: random.pick([4, 65_535]) }),
  ],
  () => ['a bomb', png(4, 4, black, { width: 8000, height: 8000, data: zeros() })],
  (image, random) => [
    'a compressed text that is a bomb',
    withChunk(image, random.pick(['zTXt', 'iCCP', 'iTXt']), Buffer.concat([Buffer.from('x\0\0'), zeros()])),
  ],
  (image, random) => [
    'a strange chunk',
    withChunk(image, random.pick(['PLTE', 'tRNS', 'acTL', 'gAMA', 'IHDR', 'xxxx']), Buffer.from(strangeText(random))),
  ],
  () => ['nothing', Buffer.alloc(0)],
  (_, random) => ['a JPEG that says much', jpeg(random.pick([0, 1, 65_535]), random.pick([0, 1, 65_535]))],
  () => ['another size than the others', png(5, 3, black)],
];

/**
 * @param {Buffer} image
 * @param {string} type
 * @param {Buffer} data
 */
function withChunk(image, type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([image.subarray(0, 33), length, body, sum, image.subarray(33)]);
}

/**
 * The header of a JPEG image, and no more.
 * @param {number} width
 * @param {number} height
 */
function jpeg(width, height) {
  const frame = Buffer.from([0xff, 0xc0, 0, 17, 8, 0, 0, 0, 0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    frame,
    Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0xff, 0xd9]),
  ]);
}

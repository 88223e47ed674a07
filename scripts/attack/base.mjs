// What cases are made from: one small table in every format, images, a layers model, and two runs, one done and one stopped.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { drawsFor } from './random.mjs';

/** The run file of all cases; where a case needs less or more, it changes a copy. */
export const runFile = {
  data: {
    use: 'table',
    source: 't.csv',
    features: {
      a: 'number',
      b: { type: 'number', missing: 'mean' },
      k: { type: 'category', encoding: 'one-hot', minCount: 1 },
    },
    only: true,
    maxBadRows: 0,
  },
  split: { validation: 0.1, test: 0.2, seed: 1 },
  tasks: [
    { name: 'price', type: 'regression', unit: 'EUR' },
    { name: 'big', type: 'binary', labels: ['no', 'yes'] },
  ],
  sharing: { use: 'hard-sharing', encoder: { use: 'mlp', units: [4], dropout: 0.1 } },
  optimizer: { use: 'adam', learningRate: 0.01 },
  training: { epochs: 3, batchSize: 32, checkpoints: { keepLast: 2 } },
  backend: 'cpu',
  seed: 1,
};

/** Parts of run files beyond {@link runFile}, so that other branches of the schema are reached. */
export const variants = [
  {},
  {
    data: { use: 'table', source: { data: 't.csv' }, sql: 'SELECT *, a + 1 AS c FROM data', features: ['a', 'b', 'c'] },
  },
  {
    data: { use: 'images', folder: 'images', table: 'images.csv' },
    tasks: [{ name: 'shade', type: 'classification', classes: ['dark', 'light'] }],
  },
  { data: { use: 'images', folder: 'images' }, tasks: [{ name: 'class', type: 'classification', column: 'folder' }] },
  {
    data: {
      use: 'table',
      source: ['t.json', 't.jsonl'],
      features: { a: { type: 'number', scale: 'none' }, k: { type: 'category', encoding: 'embedding' } },
    },
  },
  {
    data: { use: 'table', source: 't.parquet', weight: 'a', memory: 0, sampling: { use: 'weighted' } },
    sharing: { use: 'hard-sharing', encoder: { use: 'tabular', units: [4] } },
  },
  {
    sharing: { use: 'branched-sharing', encoder: { use: 'mlp', units: [4, 4] }, branches: [['price'], ['big']] },
    compare: 'single-task',
  },
  { sharing: { use: 'hard-sharing', encoder: { use: 'layers-model', file: 'layers/model.json' } } },
  {
    training: { epochs: 2, earlyStopping: { patience: 1, monitor: { task: 'price', metric: 'meanAbsoluteError' } } },
    balancing: { use: 'sum', weights: { price: 1, big: 2 } },
    threads: 1,
  },
  {
    data: {
      use: 'task-tables',
      tables: { price: { source: 't.csv' }, big: { source: 't.csv' } },
      features: ['a', 'b'],
    },
  },
];

/**
 * @typedef {object} Base
 * @property {string} folder
 * @property {Buffer} table `t.csv`
 * @property {Record<string, Buffer>} tables by file name
 * @property {Record<string, Buffer>} images by path
 * @property {Record<string, Buffer>} layers by file name
 * @property {Record<string, Buffer>} done a run that is over, by path
 * @property {Record<string, Buffer>} stopped a run that can go on, by path
 */

/**
 * @param {string} folder
 * @param {(args: string[], cwd: string) => Promise<{ code: number | null, text: string }>} polytask
 * @returns {Promise<Base>}
 */
export async function makeBase(folder, polytask) {
  mkdirSync(folder, { recursive: true });
  const rows = tableRows();
  const csv = ['a,b,k,price,big', ...rows.map((row) => Object.values(row).join(','))].join('\n');
  const jsonl = rows.map((row) => JSON.stringify(row)).join('\n');
  /** @type {Record<string, Buffer>} */
  const tables = {
    't.csv': Buffer.from(csv),
    't.jsonl': Buffer.from(jsonl),
    't.json': Buffer.from(JSON.stringify(rows)),
    't.csv.gz': gzipSync(csv),
    't.jsonl.gz': gzipSync(jsonl),
  };
  for (const [name, bytes] of Object.entries(tables)) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'run.yaml'), JSON.stringify(runFile));
  for (const args of [
    ['train', 'run.yaml', '-q', '-o', 'done'],
    ['predict', 'done', 't.csv', '-q', '-o', 'p.parquet', '--keep', 'a', '--keep', 'b', '--keep', 'k'],
  ]) {
    const { code, text } = await polytask(args, folder);
    if (code !== 0)
      throw new Error(`polytask ${args.join(' ')} ended with ${code}, so there is nothing to attack:\n${text}`);
  }
  tables['t.parquet'] = readFileSync(join(folder, 'p.parquet'));
  const done = filesOf(join(folder, 'done'));
  rmSync(join(folder, 'done'), { recursive: true });
  const document = JSON.parse(String(done['run.json']));
  const { joint: _, finished: __, seconds: ___, ...rest } = document;
  const { 'model.safetensors': ____, ...stopped } = done;
  const newest = Object.keys(stopped).filter((path) => path.includes('epoch-3'));
  for (const path of newest) delete stopped[path];
  stopped['run.json'] = Buffer.from(JSON.stringify({ ...rest, status: 'running' }));
  return {
    folder,
    table: /** @type {Buffer} */ (tables['t.csv']),
    tables,
    images: makeImages(),
    layers: layersModel(),
    done,
    stopped,
  };
}

function tableRows() {
  const random = drawsFor('table');
  return Array.from({ length: 60 }, (_, i) => {
    const a = random.number();
    const b = random.number() - 0.5;
    const [price, big] = [3 * a + b, b > 0 ? 'yes' : 'no'];
    return { a: Number(a.toFixed(4)), b: Number(b.toFixed(4)), k: 'xyz'[i % 3], price: Number(price.toFixed(4)), big };
  });
}

/** @param {string} folder */
function filesOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path)];
    }),
  );
}

function makeImages() {
  const names = ['dark/0.png', 'dark/1.png', 'light/2.png', 'light/3.png', 'dark/4.png', 'light/5.png'];
  const images = names.map((name, i) => [
    name,
    png(4, 4, (x, y) => (name.startsWith('dark') ? 0 : 128) + x * 8 + y + i),
  ]);
  return Object.fromEntries(images);
}

/**
 * A grey PNG image.
 * @param {number} width
 * @param {number} height
 * @param {(x: number, y: number) => number} value
 * @param {{ width?: number, height?: number, data?: Buffer }} [says] in the header and as data, where it is not the truth
 */
export function png(width, height, value, says = {}) {
  const lines = Array.from({ length: height }, (_, y) => [
    0,
    ...Array.from({ length: width }, (__, x) => value(x, y) & 255),
  ]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(says.width ?? width, 0);
  header.writeUInt32BE(says.height ?? height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const pieces = [
    pngChunk('IHDR', header),
    pngChunk('IDAT', says.data ?? deflateSync(Buffer.from(lines.flat()))),
    pngChunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...pieces]);
}

/**
 * @param {string} type
 * @param {Buffer} data
 */
function pngChunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A model of two dense layers as tfjs' layers API saves it. Five inputs: `a`, `b` and three categories with one for others. */
function layersModel() {
  const dense = (/** @type {string} */ name, /** @type {number} */ units, /** @type {object} */ more) => ({
    class_name: 'Dense',
    config: { name, trainable: true, units, activation: 'relu', use_bias: true, dtype: 'float32', ...more },
  });
  const weights = [
    { name: 'first/kernel', shape: [6, 4], dtype: 'float32' },
    { name: 'first/bias', shape: [4], dtype: 'float32' },
    { name: 'second/kernel', shape: [4, 3], dtype: 'float32' },
    { name: 'second/bias', shape: [3], dtype: 'float32' },
  ];
  const json = {
    format: 'layers-model',
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: 'stranger',
        layers: [dense('first', 4, { batch_input_shape: [null, 6] }), dense('second', 3, {})],
      },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  };
  return { 'model.json': Buffer.from(JSON.stringify(json)), 'weights.bin': Buffer.alloc(4 * (24 + 4 + 12 + 3), 0x3d) };
}

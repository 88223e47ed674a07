// Run files: changed as trees and as text, with data, images, models and SQL that a stranger would send along.
import { join } from 'node:path';
import { runFile, variants } from '../base.mjs';
import { mutateBytes, mutateTree } from '../mutate.mjs';
import { plantCode, put } from '../place.mjs';
import { toJson } from '../strange.mjs';

/** @typedef {import('../random.mjs').Random} Random */

/** @type {import('../campaign.mjs').Kind} */
export const runFiles = {
  name: 'run-file',
  share: 2400,
  make(random, place, base) {
    const { stranger } = place;
    put(stranger, { ...base.tables, 'images.csv': imagesTable(base) });
    put(join(stranger, 'images'), base.images);
    put(join(stranger, 'layers'), base.layers);
    // Beside the data, not beside the run file, whose own packages a user accepts with it.
    plantCode(place, join(stranger, 'images'));
    plantCode(place, join(stranger, 'layers'));
    const given = { ...runFile, ...random.pick(variants) };
    const { text, note, makes = [], endless = false } = random.pick(ways)(given, random, place);
    const train = random.chance(0.25);
    put(stranger, { 'run.yaml': text });
    // Whatever the file says, no long training: that would be no fault.
    const once = ['-s', 'training.epochs=1', '-s', 'training.batchSize=32'];
    const args = train ? ['train', 'stranger/run.yaml', '-q', '-o', 'out', ...once] : ['check', 'stranger/run.yaml'];
    if (random.chance(0.2)) args.push('--json');
    return { note, args, writes: train ? ['mine/out'] : [], makes, endless };
  },
};

/**
 * @typedef {(given: any, random: Random, place: import('../place.mjs').Place) =>
 *   { text: string | Buffer, note: string, makes?: string[], endless?: boolean }} Way
 */

/** @type {Way} */
const asTree = (given, random) => {
  const tree = mutateTree(given, random);
  return { text: toJson(tree), note: 'a changed tree', makes: cacheOf(tree) };
};

/** @type {Way} */
const asBytes = (given, random) => ({ text: mutateBytes(Buffer.from(yaml(given)), random), note: 'changed bytes' });

/** @type {Way} */
const asYaml = (given, random) => {
  const lines = yaml(given).split('\n');
  const piece = random.pick(yamlPieces);
  lines.splice(random.below(lines.length + 1), random.below(2), ...piece.split('\n'));
  return { text: lines.join('\n'), note: `YAML with ${JSON.stringify(piece.slice(0, 40))}` };
};

/** @type {Way} */
const asSql = (given, random, { outside }) => {
  const endless = random.chance(0.05);
  const sql = random.pick(endless ? endlessStatements : statements).replaceAll('OUTSIDE', outside);
  const data = { use: 'table', source: { data: 't.csv' }, sql, features: ['a', 'b'] };
  return { text: JSON.stringify({ ...given, tasks: runFile.tasks, data }), note: `sql: ${sql.slice(0, 60)}`, endless };
};

/** @type {Way} */
const asCache = (given, random) => {
  const cache = random.pick(['../home', '..', '../t.csv', '.', '../home/removing-old-code']);
  const data = { use: 'table', source: 't.csv', features: ['a', 'b'], cache };
  return {
    text: JSON.stringify({ ...given, tasks: runFile.tasks, data }),
    note: `data.cache: ${cache}`,
    makes: ['mine'],
  };
};

/** @type {Way} */
const asSize = (given, random) => {
  const tree = structuredClone({ ...runFile, backend: given.backend });
  const size = random.pick([1000, 65_536, 1e6, 1e9, 2 ** 53 - 1]);
  const [note, change] = random.pick(sizes);
  change(tree, size);
  return { text: JSON.stringify(tree), note: `${note}: ${size}` };
};

const ways = [asTree, asTree, asTree, asTree, asBytes, asYaml, asSql, asCache, asSize];

/** @type {readonly (readonly [string, (tree: any, size: number) => void])[]} */
const sizes = [
  [
    'classes',
    (tree, size) => Object.assign(tree, { tasks: [{ name: 'price', type: 'classification', classes: size }] }),
  ],
  ['threads', (tree, size) => Object.assign(tree, { threads: size, backend: 'compiled' })],
  ['units', (tree, size) => Object.assign(tree.sharing.encoder, { units: [size] })],
  ['layers', (tree, size) => Object.assign(tree.sharing.encoder, { units: Array(Math.min(size, 5000)).fill(2) })],
  [
    'keys',
    (tree, size) =>
      Object.assign(tree, Object.fromEntries(Array.from({ length: Math.min(size, 20_000) }, (_, i) => [`k${i}`, i]))),
  ],
  [
    'tasks',
    (tree, size) =>
      Object.assign(tree, {
        tasks: Array.from({ length: Math.min(size, 3000) }, (_, i) => ({
          name: `t${i}`,
          type: 'regression',
          column: 'price',
        })),
      }),
  ],
  ['memory', (tree, size) => Object.assign(tree.data, { memory: size })],
  ['maxBadRows', (tree, size) => Object.assign(tree.data, { maxBadRows: size })],
  [
    'multimnist',
    (tree, size) => Object.assign(tree, { data: { use: 'multimnist', size: { train: size, test: size } } }),
  ],
  ['seed', (tree, size) => Object.assign(tree, { seed: size, split: { test: 0.2, seed: size } })],
];

const statements = [
  "SELECT * FROM read_csv('OUTSIDE/secret.csv')",
  "SELECT * FROM 'OUTSIDE/secret.csv'",
  "SELECT *, (SELECT content FROM read_text('OUTSIDE/secret.txt')) AS c FROM data",
  "SELECT *, (SELECT count(*) FROM glob('OUTSIDE/*')) AS c FROM data",
  "COPY data TO 'OUTSIDE/stolen.csv'",
  "SELECT * FROM data; COPY data TO 'OUTSIDE/stolen.csv'",
  "ATTACH 'OUTSIDE/stolen.db' AS s; SELECT * FROM data",
  'INSTALL httpfs; LOAD httpfs; SELECT * FROM data',
  "LOAD 'OUTSIDE/evil.cjs'",
  "SET enable_external_access = true; SELECT * FROM read_text('OUTSIDE/secret.txt')",
  "SELECT *, getenv('HOME') AS h FROM data",
  'CREATE TABLE x AS SELECT * FROM data; SELECT * FROM x',
  'PRAGMA database_list',
  "EXPORT DATABASE 'OUTSIDE/stolen'",
  'SELECT *, len(range(3000000000)) AS l FROM data',
  "SELECT *, len(repeat('x', 1000000000)) AS l FROM data",
  'SELECT * FROM data ORDER BY random()',
  'SELECT * FROM data WHERE false',
  'SELECT a, a, b, price, big FROM data',
  'SELECT [a, b] AS a, {x: 1} AS b, price, big FROM data',
  'SELECT 1',
  ';',
  `SELECT ${'('.repeat(3000)}1${')'.repeat(3000)}`,
];

/** Nobody can say beforehand how long a query takes, so these may; but one can stop them. */
const endlessStatements = [
  'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT a, b, price, big FROM data, r',
  "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT count(*) AS a, 1 AS b, 1 AS price, 'yes' AS big FROM r",
  "SELECT count(*) AS a, 1 AS b, 1 AS price, 'yes' AS big FROM data d, data e, data f, data g, data h, data i, data j",
];

const yamlPieces = [
  'a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: &d [*c, *c, *c]\ne: [*d, *d, *d]',
  `bomb: ${'&a0 [x]'}\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [${i === 0 ? 'x' : `*b${i - 1}`}, ${i === 0 ? 'x' : `*b${i - 1}`}]`).join('\n')}`,
  'x: !!js/function "function () { return 1 }"',
  'x: !!python/object/apply:os.system ["touch PWNED"]',
  'x: !<tag:yaml.org,2002:binary> "R0lGODlh"',
  'x: !!float .nan',
  '<<: { seed: 9 }',
  '<<: *nothing',
  'seed: 2',
  '__proto__: { seed: 9 }',
  'constructor: { prototype: { seed: 9 } }',
  '? [a, b]\n: c',
  '? { a: b }\n: c',
  '--- \nseed: 2',
  '%YAML 9.9\n---',
  '%TAG ! tag:x,2000:\n---',
  '"x',
  '\tseed: 1',
  'x: |\n  long\n text',
  '# \u2028\u2029\u0085',
  `x: ${'['.repeat(5000)}`,
  `x: ${'{a: '.repeat(3000)}`,
  `${'- '.repeat(3000)}x`,
  'x: &x { y: *x }',
  'threads: 0o17',
  'seed: 1_000',
  'seed: 0x7fffffffffffffff',
  'seed: 1e400',
  'x: 2001-12-14t21:59:43.10-05:00',
];

/** What of a tree is written one key a line. @param {any} tree */
function yaml(tree) {
  return Object.entries(tree)
    .map(([key, value]) => {
      if (typeof value !== 'object' || Array.isArray(value)) return `${key}: ${JSON.stringify(value)}`;
      return [`${key}:`, ...Object.entries(value).map(([inner, item]) => `  ${inner}: ${JSON.stringify(item)}`)].join(
        '\n',
      );
    })
    .join('\n');
}

/** A cache is made where the file says, so that is no fault. @param {any} tree */
function cacheOf(tree) {
  const cache = tree?.data?.cache;
  return typeof cache === 'string' ? [join('mine/stranger', cache)] : [];
}

/** @param {import('../base.mjs').Base} base */
function imagesTable(base) {
  return ['file,shade', ...Object.keys(base.images).map((name) => `${name},${name.split('/')[0]}`)].join('\n');
}

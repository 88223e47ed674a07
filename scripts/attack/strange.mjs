// Values that have broken programs before: names that mean something to a language, a shell, a terminal or a file system.

/** @typedef {import('./random.mjs').Random} Random */

/** Stands for `__proto__` in trees, which JavaScript would take for something else; see {@link toJson}. */
const prototypeName = '@@prototype@@';
/** Stands for lists within lists, deeper than a tree in memory should be; the number of levels follows. */
const deepMark = '@@deep ';

const names = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '/',
    '//',
    '\\',
    '..x',
    '../..',
    './.',
    '~',
    '-',
    '--help',
    '#',
    '#x',
    'x#',
    '@',
    '@x',
    '@x/y',
  ],
  ...[
    'constructor',
    'prototype',
    prototypeName,
    'toString',
    'hasOwnProperty',
    'valueOf',
    'then',
    'length',
    '__dirname',
  ],
  ...[
    '/dev/zero',
    '/dev/stdin',
    '/proc/self/environ',
    '/proc/self/cwd',
    'con',
    'nul',
    'C:\\x',
    '\\\\server\\x',
    'x\0y',
  ],
  ...[
    'to\x1b[31m\x1b]0;other\x07wn',
    'a\x9b31mb',
    'right\u202Eleft',
    '\uFEFFx',
    '\uD800',
    'é\u0301',
    '👩‍👩‍👧',
    '\r\n',
    '\t',
  ],
  ...[
    '$(touch PWNED)',
    '`touch PWNED`',
    '; touch PWNED',
    '%00',
    '%s%n',
    '=1+1',
    "'; DROP TABLE data; --",
    '"',
    "'",
    '<b>',
  ],
  ...[
    '*',
    '*.csv',
    't?.csv',
    't[1].csv',
    '{a,b}',
    '**/*',
    'data',
    'true',
    'null',
    'NaN',
    'Infinity',
    '-0',
    '1e999',
    '0x10',
  ],
  ...[
    'lock-1',
    'run.json',
    'model.safetensors',
    'joint',
    'single-task-1',
    'state/x',
    '$tensor',
    '$number',
    'file:///etc/x',
  ],
];

const numbers = [
  ...[
    0,
    -0,
    -1,
    1,
    2,
    3,
    0.5,
    -0.5,
    1e-300,
    255,
    256,
    65_535,
    65_536,
    99_999,
    100_000,
    1e6,
    1e7,
    1e9,
    2 ** 31 - 1,
    2 ** 31,
  ],
  ...[2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e20, 1e100, 1e308, -1e308],
];

/** @param {Random} random */
export function strangeText(random) {
  if (random.chance(0.03)) return 'x'.repeat(random.pick([300, 5000, 100_000]));
  return random.pick(names);
}

/** @param {Random} random */
export function strangeNumber(random) {
  return random.pick(numbers);
}

/**
 * @param {Random} random
 * @returns {unknown}
 */
export function strangeValue(random) {
  const kind = random.below(9);
  if (kind < 3) return strangeText(random);
  if (kind < 5) return strangeNumber(random);
  if (kind === 5) return random.pick([true, false, null]);
  if (kind === 6) return random.pick([[], {}, [[]], [null], { [strangeText(random)]: strangeText(random) }]);
  if (kind === 7) return Array.from({ length: random.pick([1, 3, 50, 2000]) }, () => strangeNumber(random));
  return deepMark + random.pick([10, 63, 64, 65, 300, 5000, 50_000]);
}

/**
 * A tree as JSON, with what only text can hold: a key `__proto__`, and lists 50,000 deep.
 * @param {unknown} tree
 * @param {string} [indent]
 */
export function toJson(tree, indent) {
  return JSON.stringify(tree ?? null, undefined, indent)
    .replaceAll(prototypeName, '__proto__')
    .replace(/"@@deep (\d+)"/g, (_, levels) => '['.repeat(Number(levels)) + ']'.repeat(Number(levels)));
}

// Where a case happens: the user's own folder, a stranger's, one that is nobody's business, and traps in all of them.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * @typedef {object} Place
 * @property {string} root of the case
 * @property {string} mine the user's folder, which commands are started in
 * @property {string} stranger what came from elsewhere, unpacked within it
 * @property {string} outside what neither has a business with
 * @property {string} marker the file that code writes which should not have been run
 * @property {string} secret the text that should not turn up anywhere
 */

/**
 * @param {string} root
 * @param {import('./base.mjs').Base} base
 * @param {string} secret
 * @returns {Place}
 */
export function layOut(root, base, secret) {
  const place = {
    root,
    mine: join(root, 'mine'),
    stranger: join(root, 'mine/stranger'),
    outside: join(root, 'outside'),
    marker: join(root, 'EXECUTED'),
    secret,
  };
  put(place.mine, {
    't.csv': base.table,
    'notes.txt': 'mine',
    'home/making-notes.md': 'mine',
    'home/removing-old-code/main.c': 'mine',
    'home/rows.parquet': 'mine',
    'home/.profile': 'mine',
  });
  for (const name of ['making-notes.md', 'removing-old-code', 'removing-old-code/main.c']) {
    utimesSync(join(place.mine, 'home', name), 1e9, 1e9);
  }
  const lines = secret.repeat(40);
  put(place.outside, {
    'secret.txt': lines,
    'secret.csv': `a,b,k,price,big\n${`0.5,0.5,${secret},1,yes\n0.25,0.5,x,2,no\n`.repeat(20)}`,
    'secret.json': JSON.stringify([{ a: 1, b: 2, k: secret, price: 1, big: 'yes' }]),
    'precious/thesis.txt': 'years of work',
    'rows.json': JSON.stringify([{ a: 1, b: 2, k: 'x', price: 1, big: 'yes' }]),
  });
  plantCode(place, place.outside);
  return place;
}

/**
 * Code under every name that a program like ours could look for. Whatever runs it leaves the marker.
 * @param {Place} place
 * @param {string} folder
 */
export function plantCode({ root, marker }, folder) {
  const words = JSON.stringify(relative(root, folder));
  const act = `require('node:fs').appendFileSync(${JSON.stringify(marker)}, ${words} + ': ' + __filename + '\\n');`;
  const esm = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); const __filename = import.meta.url; ${act} export const x = () => ({}); export default x;`;
  const asPackage = (/** @type {string} */ name) => ({
    [`node_modules/${name}/package.json`]: JSON.stringify({
      name,
      version: '0.1.0',
      main: 'i.cjs',
      keywords: ['polytask'],
      bin: { polytask: 'i.cjs' },
    }),
    [`node_modules/${name}/i.cjs`]: `${act} exports.x = () => ({});`,
  });
  put(folder, {
    'evil.mjs': esm,
    'evil.cjs': act,
    'index.js': act,
    ...asPackage('@polytask/cli'),
    ...asPackage('@tensorflow/tfjs-node'),
    ...asPackage('polytask-evil'),
  });
}

/**
 * Writes files by their paths.
 * @param {string} folder
 * @param {Record<string, string | Buffer>} files
 */
export function put(folder, files) {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/**
 * What lies in a folder: kind, size and hash by path, links not followed.
 * @param {string} folder
 * @returns {Map<string, string>}
 */
export function snapshot(folder) {
  /** @type {Map<string, string>} */
  const found = new Map();
  const visit = (/** @type {string} */ path, /** @type {string} */ name) => {
    const facts = lstatSync(path);
    if (facts.isSymbolicLink()) found.set(name, `link ${readlinkSync(path)}`);
    else if (facts.isFile())
      found.set(name, `file ${facts.size} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`);
    else if (facts.isDirectory()) {
      if (name !== '') found.set(name, 'folder');
      for (const entry of readdirSync(path)) visit(join(path, entry), name === '' ? entry : `${name}/${entry}`);
    } else found.set(name, 'neither file nor folder');
  };
  visit(folder, '');
  return found;
}

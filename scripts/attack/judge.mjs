// What is wrong with how a case ended.
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { snapshot } from './place.mjs';

/** Everything that must never happen, in the order of the table. */
export const criteria = /** @type {const} */ (['executed', 'read', 'wrote', 'crashed', 'hung', 'size', 'code', 'text']);

/** @typedef {(typeof criteria)[number]} Criterion */
/** @typedef {{ criterion: Criterion, what: string }} Fault */

/**
 * @typedef {object} Ended how a command ended
 * @property {number | null} code null where a signal ended it, or we did
 * @property {string | null} signal
 * @property {string} stdout
 * @property {string} stderr
 * @property {string} [uncaught] what nobody caught
 * @property {'hung' | 'memory' | 'disk'} [stopped] why we ended it
 */

const allowedCodes = [0, 1, 2, 130, 143];

/**
 * @param {import('./campaign.mjs').Case} case_
 * @param {import('./place.mjs').Place} place
 * @param {Map<string, string>} before
 * @param {Ended} ended
 * @param {string} litter a folder that must be empty: home and temporary files of the process
 * @returns {Fault[]}
 */
export function judge(case_, place, before, ended, litter) {
  return [
    ...ending(ended),
    ...(case_.executes === true ? [] : foreignCode(place)),
    ...(case_.reads === true ? [] : leaks(place, ended)),
    ...writes(case_, place, before),
    ...leftIn(litter),
  ];
}

/**
 * @param {Ended} ended
 * @returns {Fault[]}
 */
function ending({ code, signal, stopped, uncaught, stdout, stderr }) {
  if (stopped === 'hung') return [{ criterion: 'hung', what: 'no end' }];
  if (stopped !== undefined) return [{ criterion: 'size', what: `too much ${stopped}` }];
  if (uncaught !== undefined) return [{ criterion: 'crashed', what: `uncaught: ${uncaught}` }];
  if (code === null) return [{ criterion: 'crashed', what: `ended by ${signal}` }];
  /** @type {Fault[]} */
  const faults = [];
  const both = stdout + stderr;
  const stack = both.match(/^\s+at .+:\d+:\d+\)?$/m);
  if (both.includes('fault of Polytask') || stack) {
    faults.push({ criterion: 'crashed', what: (stderr.trim().split('\n')[0] ?? '').slice(0, 300) });
  }
  if (!allowedCodes.includes(code)) faults.push({ criterion: 'code', what: `exit code ${code}` });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are looked for
  const control = stderr.match(/[^\n]{0,40}[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/);
  if (control) faults.push({ criterion: 'text', what: `raw control characters: ${JSON.stringify(control[0])}` });
  return faults;
}

/**
 * @param {import('./place.mjs').Place} place
 * @returns {Fault[]}
 */
function foreignCode({ marker }) {
  if (!existsSync(marker)) return [];
  return [{ criterion: 'executed', what: readFileSync(marker, 'utf8').split('\n')[0] ?? '' }];
}

/**
 * The secret must be nowhere but in the folder outside: as text, in other encodings, or as numbers of its bytes.
 * @param {import('./place.mjs').Place} place
 * @param {Ended} ended
 * @returns {Fault[]}
 */
function leaks({ root, outside, secret }, { stdout, stderr }) {
  const bytes = Buffer.from(secret);
  const needles = [
    bytes,
    Buffer.from(secret, 'utf16le'),
    Buffer.from(bytes.toString('base64').slice(0, 16)),
    ...[Float32Array, Int32Array, Float64Array].map((Numbers) =>
      Buffer.from(Numbers.from(bytes.subarray(8, 20)).buffer),
    ),
  ];
  const has = (/** @type {Buffer} */ text) => needles.some((needle) => text.includes(needle));
  /** @type {Fault[]} */
  const faults = [];
  if (has(Buffer.from(stdout)) || has(Buffer.from(stderr)))
    faults.push({ criterion: 'read', what: 'the secret was printed' });
  const visit = (/** @type {string} */ folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (path === outside) continue;
      if (entry.name.includes(secret))
        faults.push({ criterion: 'read', what: `the secret is the name of a file in ${folder}` });
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && lstatSync(path).size < 2 ** 28 && has(readFileSync(path))) {
        faults.push({ criterion: 'read', what: `the secret is in ${path.slice(root.length + 1)}` });
      }
    }
  };
  visit(root);
  return faults;
}

/**
 * @param {import('./campaign.mjs').Case} case_
 * @param {import('./place.mjs').Place} place
 * @param {Map<string, string>} before
 * @returns {Fault[]}
 */
function writes({ writes: may = [], makes = [] }, { root }, before) {
  const after = snapshot(root);
  const within = (/** @type {string} */ path, /** @type {string[]} */ folders) =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
  /** @type {Fault[]} */
  const faults = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is || path === 'EXECUTED' || within(path, ['cache', ...may])) continue;
    if (was === undefined && within(path, makes)) continue;
    const how = was === undefined ? 'was made' : is === undefined ? 'is gone' : 'was changed';
    faults.push({ criterion: 'wrote', what: `${path} ${how}` });
  }
  return faults.slice(0, 3);
}

/**
 * @param {string} folder
 * @returns {Fault[]}
 */
function leftIn(folder) {
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !['home', 'tmp'].includes(name),
  );
  return left.length === 0 ? [] : [{ criterion: 'wrote', what: `left behind: ${left.slice(0, 3).join(', ')}` }];
}

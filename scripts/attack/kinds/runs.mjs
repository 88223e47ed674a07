// What the kinds share that are about run folders: one from a stranger, and what one does with it.
import { join } from 'node:path';
import { plantCode, put } from '../place.mjs';

/** @typedef {import('../random.mjs').Random} Random */

/**
 * Puts a run into the stranger's folder, `run`, with traps in it and around it.
 * @param {Random} random
 * @param {import('../place.mjs').Place} place
 * @param {Record<string, Buffer>} files of the run
 * @param {import('../base.mjs').Base} base
 */
export function putRun(random, place, files, base) {
  const { stranger } = place;
  put(stranger, { 't.csv': base.table });
  const run = join(stranger, 'run');
  put(run, files);
  // Not all at once: where one springs, what comes after it is not reached.
  for (const folder of [stranger, run, join(run, '..x')]) if (random.chance(0.2)) plantCode(place, folder);
  const document = files['run.json'];
  if (document !== undefined) put(run, { 'run.json': withFile(document, base.folder, fileNames(random, place)) });
}

/**
 * Names of a run file that a run.json could give: mostly the true one.
 * @param {Random} random
 * @param {import('../place.mjs').Place} place
 */
function fileNames(random, { stranger, outside }) {
  if (random.chance(0.75)) return join(stranger, 'run.yaml');
  return random.pick([
    undefined,
    '/proc/self/cwd/stranger/run/run.yaml',
    join(stranger, 'run/run.yaml'),
    join(stranger, 'run/..x/run.yaml'),
    '/proc/self/cwd/stranger/run/..x/run.yaml',
    join(outside, 'run.yaml'),
    'stranger/run.yaml',
  ]);
}

/**
 * Names another run file, unless that was changed already.
 * @param {Buffer} document
 * @param {string} folder of the material
 * @param {string | undefined} file
 */
function withFile(document, folder, file) {
  try {
    const tree = JSON.parse(String(document));
    return tree.file === join(folder, 'run.yaml') ? Buffer.from(JSON.stringify({ ...tree, file })) : document;
  } catch {
    return document; // Broken on purpose.
  }
}

/**
 * A command over the stranger's run folder that only reads it.
 * @param {Random} random
 * @returns {Pick<import('../campaign.mjs').Case, 'args' | 'writes'>}
 */
export function useRun(random) {
  const run = 'stranger/run';
  return random.pick([
    { args: ['predict', run, 't.csv', '-q', '-o', 'out.jsonl'], writes: ['mine/out.jsonl'] },
    { args: ['predict', run, 't.csv', '-q', '-o', 'out.csv', '--keep', 'k'], writes: ['mine/out.csv'] },
    { args: ['predict', run, 't.csv', '-q'] },
    { args: ['evaluate', run, '-q'] },
    { args: ['evaluate', run, '--data', 't.csv', '-q', '--json'] },
    { args: ['export', run, '-f', 'onnx', '-o', 'out.onnx'], writes: ['mine/out.onnx'] },
    { args: ['export', run, '-f', 'tfjs', '-o', 'out'], writes: ['mine/out'] },
  ]);
}

/** Commands over a run folder that need no model, and should need nothing of it. */
export const glances = [
  ['predict', 'stranger/run', '--help'],
  ['cache', '--folder', 'stranger/run'],
  ['complete', '--', 'predict', 'stranger/run', ''],
  ['complete', '--', 'train', 'stranger/run.yaml', '--set', ''],
  ['strategies', 'mlp'],
];

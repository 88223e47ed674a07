// Links, pipes, devices and folders where files should be, and names that look like ours.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { runFile } from '../base.mjs';
import { put } from '../place.mjs';
import { runPaths } from './checkpoints.mjs';
import { glances, putRun, useRun } from './runs.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('../place.mjs').Place} Place */

/** @type {import('../campaign.mjs').Kind} */
export const links = {
  name: 'link',
  share: 500,
  make(random, place, base) {
    const { mine, stranger } = place;
    put(join(mine, 'run'), base.done);
    const goesOn = random.chance(0.6);
    putRun(random, place, goesOn ? base.stopped : base.done, base);
    put(join(stranger, 'layers'), base.layers);
    put(join(stranger, 'images'), base.images);
    put(join(stranger, 'tables'), { 'first.csv': base.table });
    const target = random.pick(goesOn ? inRun : elsewhere.concat(inRun));
    const path = join(stranger, target);
    const note = `${target} is ${misplace(random, path, place)}`;
    if (!target.startsWith('run/')) return { note, alone: true, ...openElsewhere(random, place, target) };
    const use = goesOn
      ? {
          args: ['train', '--resume', 'stranger/run', '-q'],
          writes: runPaths.map((name) => `mine/stranger/run/${name}`),
        }
      : random.chance(0.15)
        ? { args: random.pick(glances) }
        : useRun(random);
    return { note, alone: true, ...use };
  },
};

const inRun = [
  'run/metrics.jsonl',
  'run/checkpoints',
  'run/checkpoints/joint',
  'run/checkpoints/joint/epoch-2-step-4.safetensors',
  'run/checkpoints/joint/epoch-4-step-8.safetensors',
  'run/model.safetensors',
  'run/run.json',
  'run/run.json.tmp',
  'run/metrics.jsonl.tmp',
  'run/lock-1',
  'run/lock-2',
  'run',
];
const elsewhere = [
  't.csv',
  'layers/model.json',
  'layers/weights.bin',
  'images/dark/0.png',
  'images',
  'run.yaml',
  'cache',
  'tables',
  'tables/t.csv',
];

/**
 * Puts something else where a file or folder is, and says what.
 * @param {Random} random
 * @param {string} path
 * @param {Place} place
 */
function misplace(random, path, { root, mine, outside }) {
  const was = existsSync(path);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  const targets = [
    join(outside, 'precious'),
    join(outside, 'precious/thesis.txt'),
    join(outside, 'new-file'),
    join(outside, 'secret.txt'),
    join(outside, 'secret.csv'),
    join(mine, 'home/.bash_aliases'),
    join(mine, 'run/checkpoints'),
    join(mine, 'run/checkpoints/joint'),
    join(mine, 'run/model.safetensors'),
    join(mine, 'home'),
    '/dev/zero',
    '/dev/full',
    '/dev/tty',
    basename(path),
    '.',
    '..',
    'nowhere',
  ];
  switch (random.below(8)) {
    case 0:
      execFileSync('mkfifo', [path]);
      return 'a pipe';
    case 1:
      mkdirSync(path);
      return 'an empty folder';
    case 2:
      mkdirSync(path);
      writeFileSync(join(path, 'mine.txt'), 'mine');
      return 'a folder with a file';
    case 3:
      if (was) return 'not there';
      writeFileSync(path, '');
      return 'empty';
    default: {
      const target = random.pick(targets);
      const link = target.startsWith(root) && random.chance(0.5) ? relative(dirname(path), target) : target;
      symlinkSync(link, path);
      return `a link to ${link}`;
    }
  }
}

/**
 * A run file of the user's that names what has been misplaced.
 * @param {Random} random
 * @param {Place} place
 * @param {string} target
 * @returns {Pick<import('../campaign.mjs').Case, 'args' | 'executes' | 'reads' | 'writes' | 'makes'>}
 */
function openElsewhere(random, { mine }, target) {
  // Who names a file may name any other; so a link that is named is followed.
  if (target === 'run.yaml') return { args: ['check', 'stranger/run.yaml'], reads: true, executes: true };
  const reads = target === 't.csv';
  if (target === 't.csv' && random.chance(0.5)) {
    return { args: ['predict', 'run', 'stranger/t.csv', '-q', '-o', 'out.csv'], reads, writes: ['mine/out.csv'] };
  }
  const tree = structuredClone(/** @type {any} */ (runFile));
  if (target === 't.csv') tree.data.source = 'stranger/t.csv';
  else if (target.startsWith('layers'))
    tree.sharing.encoder = { use: 'layers-model', file: 'stranger/layers/model.json' };
  else if (target.startsWith('images')) {
    tree.data = { use: 'images', folder: 'stranger/images' };
    tree.tasks = [{ name: 'class', type: 'classification', column: 'folder' }];
  } else if (target === 'cache') tree.data.cache = 'stranger/cache';
  else tree.data.source = 'stranger/tables';
  put(mine, { 'run.yaml': JSON.stringify(tree) });
  const makes = target === 'cache' ? ['mine', 'outside'] : [];
  const args = ['train', 'run.yaml', '-q', '-o', 'out', '-s', 'training.epochs=1'];
  return { args, reads, writes: ['mine/out'], makes };
}

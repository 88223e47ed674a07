// Code that is named, and code that lies about: what a stranger's files can make the command load.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runFile } from '../base.mjs';
import { plantCode, put } from '../place.mjs';
import { putTogether, takeApart } from '../safetensors.mjs';
import { strangeText } from '../strange.mjs';
import { runPaths } from './checkpoints.mjs';
import { asCode, codeNames } from './models.mjs';
import { glances, putRun, useRun } from './runs.mjs';

/** @typedef {import('../random.mjs').Random} Random */

/** @type {import('../campaign.mjs').Kind} */
export const plugins = {
  name: 'plugin',
  share: 400,
  make(random, place, base) {
    return random.pick([inRunFile, inRunFolder, inModel, glance, dataBeside])(random, place, base);
  },
};

/** @typedef {import('../campaign.mjs').Kind['make']} Make */

/** Names that mean no code of the user's, in a run file of the user's. @type {Make} */
function inRunFile(random, place) {
  const tree = structuredClone(/** @type {any} */ (runFile));
  // Names that lead to a file are the user's to give: what must not happen is that one is made up, or found where it was not named.
  const use = random.pick([
    ...[`${strangeText(random)}#x`, `x#${strangeText(random)}`, `${strangeText(random)}#${strangeText(random)}`],
    ...codeNames.filter((name) => /^(data:|polytask-evil|file:|\.#|\.\/t\.csv|\/dev)/.test(name)),
    ...[
      'node:fs#rmSync',
      '@polytask/core#mlp',
      '@polytask/core/../../x#y',
      '@polytask/core#__proto__',
      'x/../../outside/evil.mjs#x',
    ],
  ]);
  const part = random.pick(['balancing', 'optimizer', 'data', 'sharing', 'encoder', 'head', 'task', 'sampling']);
  if (part === 'encoder') tree.sharing.encoder = { use, ...tree.sharing.encoder };
  else if (part === 'head') tree.sharing.head = { use };
  else if (part === 'task') tree.tasks[0].type = use;
  else if (part === 'sampling') tree.data.sampling = { use };
  else tree[part] = { use };
  put(place.mine, { 'run.yaml': JSON.stringify(tree) });
  plantCode(place, place.stranger);
  const trains = random.chance(0.3);
  const args = trains ? ['train', 'run.yaml', '-q', '-o', 'out'] : ['check', 'run.yaml'];
  return { note: `a run file whose ${part} is ${use}`, args, writes: ['mine/out'] };
}

/** @type {Make} */
function inRunFolder(random, place, base) {
  const goesOn = random.chance(0.5);
  const files = { ...(goesOn ? base.stopped : base.done) };
  const tree = JSON.parse(String(files['run.json']));
  const use = random.pick(codeNames);
  const part = random.pick(['balancing', 'optimizer', 'data', 'sharing', 'backend']);
  if (part === 'backend') {
    tree.backend.name = 'node';
    tree.given.backend = 'node';
  } else tree.given[part] = { use };
  files['run.json'] = Buffer.from(JSON.stringify(tree));
  putRun(random, place, files, base);
  if (part === 'backend' && random.chance(0.5)) rmSync(join(place.stranger, 'run/checkpoints'), { recursive: true });
  const resume = {
    args: ['train', '--resume', 'stranger/run', '-q'],
    writes: runPaths.map((path) => `mine/stranger/run/${path}`),
  };
  return { note: `run.json whose ${part} is ${use}`, alone: random.chance(0.3), ...(goesOn ? resume : useRun(random)) };
}

/** @type {Make} */
function inModel(random, place, base) {
  const name = 'model.safetensors';
  const parts = takeApart(/** @type {Buffer} */ (base.done[name]));
  const note = asCode(parts, random);
  putRun(random, place, { ...base.done, [name]: putTogether(parts) }, base);
  return { note, alone: random.chance(0.3), ...useRun(random) };
}

/** @type {Make} */
function glance(random, place, base) {
  putRun(random, place, base.done, base);
  const args = /** @type {string[]} */ (random.pick(glances));
  return { note: 'a look at a run folder', args, alone: random.chance(0.5) };
}

/** Data whose folder has packages in it, named before anything of the user's. @type {Make} */
function dataBeside(random, { mine, outside }, base) {
  put(join(mine, 'run'), base.done);
  put(outside, { 'run.yaml': JSON.stringify(runFile), 't.csv': base.table });
  const args = random.pick([
    ['evaluate', '--data', '../outside/rows.json', 'run', '-q'],
    ['evaluate', 'run', '--data', '../outside/rows.json', '-q'],
    ['export', '-f', 'onnx', '-o', '../outside/new.json', 'run'],
    ['export', '-f', 'onnx', '--force', '-o', '../outside/rows.json', 'run'],
    ['predict', '-o', '../outside/new.json', 'run', 't.csv'],
    ['predict', 'run', '../outside/rows.json', '-q'],
    ['predict', '--id', '../outside/rows.json', 'run', 't.csv'],
    ['cache', '--folder', '../outside'],
    ['complete', '--', 'evaluate', '--data', '../outside/rows.json', ''],
  ]);
  const writes = args.includes('export') ? ['outside/new.json', 'outside/rows.json'] : [];
  return { note: 'data in a folder with packages', args, alone: random.chance(0.5), writes };
}

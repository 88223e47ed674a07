// model.safetensors of a run folder: its header, its configuration, its numbers.
import { mutateBytes, mutateTree } from '../mutate.mjs';
import { putTogether, seal, takeApart } from '../safetensors.mjs';
import { putRun, useRun } from './runs.mjs';

/** @typedef {import('../random.mjs').Random} Random */

/** @type {import('../campaign.mjs').Kind} */
export const models = {
  name: 'model',
  share: 1600,
  make(random, place, base) {
    const name = 'model.safetensors';
    const { bytes, note } = changeTensors(/** @type {Buffer} */ (base.done[name]), random, [asCode, asCode]);
    putRun(random, place, { ...base.done, [name]: bytes }, base);
    return { note, ...useRun(random) };
  },
};

/**
 * Changes a file of tensors in one of the ways there are.
 * @param {Buffer} file
 * @param {Random} random
 * @param {readonly ((parts: import('../safetensors.mjs').Tensors, random: Random) => string)[]} more ways
 * @returns {{ bytes: Buffer, note: string }}
 */
export function changeTensors(file, random, more = []) {
  const way = random.below(10 + more.length);
  if (way === 0) return { bytes: mutateBytes(file, random), note: 'changed bytes' };
  if (way === 1) return { bytes: seal(mutateBytes(file, random)), note: 'changed bytes, right checksum' };
  const parts = takeApart(file);
  if (way === 2) {
    const headerLength = random.pick([0n, 1n, 2n ** 31n, 2n ** 53n, 2n ** 64n - 1n, BigInt(file.length), 99_999_999n]);
    return { bytes: putTogether(parts, { headerLength }), note: `a header of ${headerLength} bytes, it says` };
  }
  if (way === 3) {
    parts.entries = mutateTree(parts.entries, random);
    return { bytes: putTogether(parts), note: 'changed entries of tensors' };
  }
  if (way === 4) {
    const at = 4 * random.below(parts.data.length / 4);
    const value = random.pick([Number.NaN, Infinity, -Infinity, 3e38, 1e-40]);
    if (random.chance(0.5)) parts.data.writeFloatLE(value, at);
    else for (let i = 0; i + 4 <= parts.data.length; i += 4) parts.data.writeFloatLE(value, i);
    return { bytes: putTogether(parts), note: `numbers that are ${value}` };
  }
  if (way < 10) {
    parts.state = mutateTree(parts.state, random);
    if (random.chance(0.03)) parts.version = random.pick(['0', '2', '', '1e9']);
    return { bytes: putTogether(parts), note: 'changed state, right checksum' };
  }
  const note = /** @type {(typeof more)[number]} */ (more[way - 10])(parts, random);
  return { bytes: putTogether(parts), note };
}

/**
 * Names of code in the configuration that the model carries.
 * @param {import('../safetensors.mjs').Tensors} parts
 * @param {Random} random
 */
export function asCode({ state }, random) {
  if (random.chance(0.3)) {
    state.config.backend = 'node';
    return 'a model for the backend node';
  }
  const use = random.pick(codeNames);
  const at = random.pick(['balancing', 'optimizer', 'encoder', 'sharing', 'head', 'task', 'data', 'schedule']);
  if (at === 'encoder') state.config.sharing.encoder = { use };
  else if (at === 'head') state.config.sharing.head = { use };
  else if (at === 'task') state.config.tasks[0].type = use;
  else if (at === 'schedule') state.config.data.mixing = { use };
  else state.config[at] = { use };
  return `a model whose ${at} is ${use}`;
}

/** Code by a name that a file gives, none of which is the user's. */
export const codeNames = [
  './evil.mjs#x',
  './run/evil.mjs#x',
  './evil.mjs#default',
  '../stranger/evil.mjs#x',
  '../../outside/evil.mjs#x',
  '/proc/self/cwd/stranger/evil.mjs#x',
  '/proc/self/cwd/stranger/run/evil.mjs#x',
  'polytask-evil#x',
  '../../outside/node_modules/polytask-evil/i.cjs#x',
  'polytask-evil/../../evil.mjs#x',
  'file:./evil.mjs#x',
  "data:text/javascript,import{writeFileSync as w}from'node:fs';w('../EXECUTED','data url');export const x=1#x",
  'node:child_process#execSync',
  'node:fs#rmSync',
  '/dev/zero#x',
  '/dev/stdin#x',
  '.#x',
  './t.csv#x',
];

// Kills a training (kill -9) at random moments, again and again, goes on each time, and compares what comes out with a run that
// nobody disturbed: bit for bit, for every backend that is named.
//   npm run torture -- [--kills 100] [--backends compiled,wasm] [--seed 1] [--keep]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildPackages } from './packages.mjs';
import { root } from './run.mjs';
import { setup } from './setup.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    backends: { type: 'string', default: 'compiled,wasm' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});
const kills = Number(values.kills);
const backends = values.backends.split(',');
if (!Number.isInteger(kills) || kills < 1 || backends.includes('')) {
  console.error('--kills takes a whole number from 1, --backends names with commas between them.');
  process.exit(2);
}

await setup(['@polytask/cli...']);
await buildPackages({ dts: false });
const polytask = join(root, 'apps/cli/dist/main.js');

/** All that a run can lose is in it: dropout, Adam's moments, BatchNorm, early stopping, the best epoch, several networks. */
const config = `
data: { use: multimnist, size: { train: 600, test: 100 } }
split: { validation: 0.2 }
tasks:
  - { name: left, type: classification, classes: 10 }
  - { name: right, type: classification, classes: 10 }
sharing:
  use: hard-sharing
  encoder: { use: mlp, units: [128, 64], dropout: 0.2, batchNorm: true }
training:
  epochs: 5
  batchSize: 16
  earlyStopping: { patience: 3, restoreBest: true }
  checkpoints: { everySteps: 7, keepLast: 2, keepBest: mean }
compare: single-task
seed: 3
`;

/** Uniform numbers from a seed: the n-th of them, whatever was drawn before. */
let drawn = 0;
const random = () => {
  const bytes = createHash('sha256').update(`${values.seed}/${drawn++}`).digest();
  return bytes.readUIntBE(0, 6) / 2 ** 48;
};

const home = mkdtempSync(join(tmpdir(), 'polytask-torture-'));
const started = Date.now();
/** @type {string[]} */
const faults = [];
let total = { kills: 0, survived: 0, inWrites: 0, runs: 0 };
console.log(`Torture: ${kills} kills per backend, seed ${values.seed}`);
for (const backend of backends) {
  const count = await torture(backend);
  total = {
    kills: total.kills + count.kills,
    survived: total.survived + count.survived,
    inWrites: total.inWrites + count.inWrites,
    runs: total.runs + count.runs,
  };
  console.log(
    `${backend}: ${count.survived} of ${count.kills} kills survived, ${count.inWrites} of them while a file was being written; ` +
      `${count.runs} finished runs equal to the undisturbed one, bit for bit`,
  );
}
for (const fault of faults) console.log(`FAULT: ${fault}`);
console.log(
  `Survived ${total.survived} of ${total.kills} kills (${total.inWrites} within a write) in ${total.runs} runs, ` +
    `${Math.round((Date.now() - started) / 1000)} s.`,
);
if (values.keep || faults.length > 0) console.log(`Kept: ${home}`);
else rmSync(home, { recursive: true, force: true });
process.exit(faults.length > 0 ? 1 : 0);

/** @param {string} backend */
async function torture(backend) {
  const cwd = join(home, backend);
  const count = { kills: 0, survived: 0, inWrites: 0, runs: 0 };
  const begin = (/** @type {string} */ folder) => [
    'train',
    'run.yaml',
    '--output',
    folder,
    '--set',
    `backend=${backend}`,
  ];
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'run.yaml'), config);
  const undisturbed = await start([...begin('undisturbed'), '--quiet'], cwd).ended;
  if (undisturbed.code !== 0) {
    faults.push(`${backend}: the undisturbed run ended with ${undisturbed.code}: ${undisturbed.text}`);
    return count;
  }
  const wanted = outcome(join(cwd, 'undisturbed'));
  const seconds = undisturbed.seconds;
  for (let number = 1; count.kills < kills; number++) {
    const folder = `run-${number}`;
    for (;;) {
      const args = existsSync(join(cwd, folder, 'run.json')) ? ['train', '--resume', folder] : begin(folder);
      const running = start([...args, '--quiet'], cwd);
      const killer = count.kills < kills ? kill(running, join(cwd, folder), seconds) : undefined;
      const { code, signal, text } = await running.ended;
      const aim = await killer?.stop();
      if (signal === 'SIGKILL') {
        count.kills += 1;
        if (leftovers(join(cwd, folder)) > 0) count.inWrites += 1;
        // Whether the folder can be read is for the next process to find out.
        count.survived += 1;
        continue;
      }
      if (code === 0) break;
      count.survived -= 1;
      faults.push(`${backend}, ${folder}, after kill ${count.kills} (${aim}): ended with ${code}: ${text}`);
      return count;
    }
    const found = outcome(join(cwd, folder));
    const different = Object.keys(wanted).filter((key) => wanted[key] !== found[key]);
    if (different.length === 0) count.runs += 1;
    else faults.push(`${backend}, ${folder}: ${different.join(', ')} differ from the undisturbed run`);
    if (leftovers(join(cwd, folder)) > 0) faults.push(`${backend}, ${folder}: temporary files are left at the end`);
    if (different.length === 0 && !values.keep) rmSync(join(cwd, folder), { recursive: true, force: true });
  }
  return count;
}

/**
 * Kills a process once, in one of two ways: at a random moment, or within a few milliseconds after it has begun to write a file.
 * @param {{ child: import('node:child_process').ChildProcess }} running
 * @param {string} folder
 * @param {number} seconds that an undisturbed run takes
 */
function kill({ child }, folder, seconds) {
  const done = new AbortController();
  const inWrite = random() < 0.5;
  const moment = random();
  const nth = Math.floor(random() * 12);
  const pause = random() * 4;
  const aim = inWrite ? `write ${nth} and ${pause.toFixed(1)} ms` : `${(moment * seconds).toFixed(2)} s`;
  const strike = () => child.kill('SIGKILL');
  const work = async () => {
    const { signal } = done;
    if (!inWrite) return sleep(moment * seconds * 1000, undefined, { signal }).then(strike);
    while (!existsSync(folder)) await sleep(5, undefined, { signal });
    let seen = 0;
    await new Promise((resolve, reject) => {
      // Folders of checkpoints come while it runs, so the watch has to reach below.
      const watcher = watch(folder, { recursive: true }, (_, name) => {
        if (!name?.endsWith('.tmp') || seen++ < nth) return;
        watcher.close();
        resolve(undefined);
      });
      signal.addEventListener('abort', () => {
        watcher.close();
        reject(signal.reason);
      });
    });
    if (pause > 1) await sleep(pause - 1, undefined, { signal });
    return strike();
  };
  const ended = work().catch(() => false);
  return {
    async stop() {
      done.abort();
      await ended;
      return aim;
    },
  };
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function start(args, cwd) {
  const began = performance.now();
  const child = spawn(process.execPath, [polytask, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  /** @type {Promise<{ code: number | null, signal: string | null, text: string, seconds: number }>} */
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, text: text.trim(), seconds: (performance.now() - began) / 1000 });
    });
  });
  return { child, ended };
}

/** @param {string} folder */
function leftovers(folder) {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp')).length;
}

/**
 * All that a run gives, but for times.
 * @param {string} folder
 * @returns {Record<string, string>}
 */
function outcome(folder) {
  const text = (/** @type {string} */ name) => readFileSync(join(folder, name), 'utf8');
  const timeless = (/** @type {string} */ json) =>
    JSON.stringify(JSON.parse(json, (key, value) => (key === 'seconds' ? undefined : value)));
  const { status, joint, singleTask, deltaM, fingerprints } = JSON.parse(text('run.json'));
  const checkpoints = readdirSync(join(folder, 'checkpoints'), { recursive: true, encoding: 'utf8' }).sort();
  return {
    'model.safetensors': createHash('sha256')
      .update(readFileSync(join(folder, 'model.safetensors')))
      .digest('hex'),
    'metrics.jsonl': text('metrics.jsonl').trim().split('\n').map(timeless).join('\n'),
    'results in run.json': timeless(JSON.stringify({ status, joint, singleTask, deltaM, fingerprints })),
    'names of checkpoints': checkpoints.join(),
    'tensors of checkpoints': checkpoints
      .filter((name) => name.endsWith('.safetensors'))
      .map((name) => tensorsOf(readFileSync(join(folder, 'checkpoints', name))))
      .join(),
  };
}

/**
 * The tensors of a safetensors file, without its plain data, which has times.
 * @param {Buffer} bytes
 */
function tensorsOf(bytes) {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  return createHash('sha256').update(JSON.stringify(entries)).update(bytes.subarray(start)).digest('hex');
}

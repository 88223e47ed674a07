// Checkpoints of a run that goes on, and what else lies in their folders.
import { mutateTree } from '../mutate.mjs';
import { strangeText, toJson } from '../strange.mjs';
import { changeTensors } from './models.mjs';
import { putRun } from './runs.mjs';

/** @type {import('../campaign.mjs').Kind} */
export const checkpoints = {
  name: 'checkpoint',
  share: 1600,
  make(random, place, base) {
    const files = { ...base.stopped };
    const newest = Object.keys(files)
      .filter((path) => path.endsWith('.safetensors'))
      .sort()
      .at(-1);
    if (newest === undefined) throw new Error('The stopped run has no checkpoint.');
    let { bytes, note } = changeTensors(/** @type {Buffer} */ (files[newest]), random);
    if (random.chance(0.15)) {
      const name = random.pick([
        'epoch-99-step-9.safetensors',
        'epoch-1-step-99999999999999999999.safetensors',
        'epoch--1-step-0.safetensors',
        'x.tmp',
        'y.damaged',
      ]);
      files[`checkpoints/joint/${name}`] = bytes;
      note = `${name}: ${note}`;
    } else files[newest] = bytes;
    if (random.chance(0.1)) {
      const lines = String(files['metrics.jsonl'])
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      const changed = mutateTree(lines, random);
      const text = Array.isArray(changed) ? changed.map((line) => toJson(line)).join('\n') : toJson(changed);
      files['metrics.jsonl'] = Buffer.from(text);
      note += '; changed metrics';
    }
    if (random.chance(0.1)) {
      const lock = { pid: 1, host: strangeText(random), started: strangeText(random) };
      files[`lock-${random.below(3)}`] = Buffer.from(toJson(mutateTree(lock, random)));
      note += '; a lock';
    }
    putRun(random, place, files, base);
    return {
      note,
      args: ['train', '--resume', 'stranger/run', '-q'],
      writes: Object.keys(base.done)
        .concat(runPaths)
        .map((path) => `mine/stranger/run/${path}`),
    };
  },
};

/** What a process that goes on may make, change and remove. */
export const runPaths = [
  'checkpoints/joint',
  'checkpoints',
  'model.safetensors',
  'run.json',
  'metrics.jsonl',
  ...Array.from({ length: 10 }, (_, i) => `lock-${i}`),
];

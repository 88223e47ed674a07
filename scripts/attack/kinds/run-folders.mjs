// run.json and the rest of a run folder.
import { join } from 'node:path';
import { mutateBytes, mutateTree } from '../mutate.mjs';
import { toJson } from '../strange.mjs';
import { runPaths } from './checkpoints.mjs';
import { codeNames } from './models.mjs';
import { glances, putRun, useRun } from './runs.mjs';

/** @type {import('../campaign.mjs').Kind} */
export const runFolders = {
  name: 'run-folder',
  share: 1400,
  make(random, place, base) {
    const goesOn = random.chance(0.5);
    const files = { ...(goesOn ? base.stopped : base.done) };
    const document = /** @type {Buffer} */ (files['run.json']);
    const tree = JSON.parse(String(document));
    let note = 'a changed run.json';
    const way = random.below(10);
    if (way < 6) files['run.json'] = Buffer.from(toJson(mutateTree(tree, random)));
    else if (way === 6) files['run.json'] = mutateBytes(document, random);
    else if (way === 7) {
      tree.backend.name = 'node';
      tree.given.backend = 'node';
      if (random.chance(0.5))
        for (const path of Object.keys(files)) if (path.endsWith('.safetensors')) delete files[path];
      files['run.json'] = Buffer.from(JSON.stringify(tree));
      note = 'run.json for the backend node';
    } else if (way === 8) {
      const use = random.pick(codeNames);
      const part = random.pick(['balancing', 'optimizer', 'data', 'sharing']);
      tree.given[part] = { use };
      files['run.json'] = Buffer.from(JSON.stringify(tree));
      note = `run.json whose ${part} is ${use}`;
    } else {
      tree.given.data.cache = random.pick(['../home', join(place.mine, 'home'), '../../outside']);
      files['run.json'] = Buffer.from(JSON.stringify(tree));
      note = `run.json whose cache is ${tree.given.data.cache}`;
    }
    putRun(random, place, files, base);
    const resumes = goesOn && random.chance(0.8);
    const args = ['train', '--resume', 'stranger/run', '-q'];
    const writes = runPaths.map((path) => `mine/stranger/run/${path}`);
    const use = resumes ? { args, writes } : random.chance(0.15) ? { args: random.pick(glances) } : useRun(random);
    return { note, ...use, makes: ['mine/home', 'outside'] };
  },
};

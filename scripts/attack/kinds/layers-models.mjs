// Models of tfjs' layers API: model.json, its weight files, and where it says that they lie.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runFile } from '../base.mjs';
import { mutateBytes, mutateTree } from '../mutate.mjs';
import { plantCode, put } from '../place.mjs';
import { toJson } from '../strange.mjs';

/** @type {import('../campaign.mjs').Kind} */
export const layersModels = {
  name: 'layers-model',
  share: 600,
  make(random, place, base) {
    const { mine, stranger, outside } = place;
    const folder = join(stranger, 'layers');
    put(folder, base.layers);
    plantCode(place, folder);
    const tree = JSON.parse(String(base.layers['model.json']));
    const way = random.below(10);
    let note = 'a changed model.json';
    /** @type {string | Buffer} */
    let text = '';
    if (way < 5) text = toJson(mutateTree(tree, random));
    else if (way === 5) text = mutateBytes(/** @type {Buffer} */ (base.layers['model.json']), random);
    else if (way === 6) {
      put(folder, { 'weights.bin': mutateBytes(/** @type {Buffer} */ (base.layers['weights.bin']), random) });
      text = toJson(tree);
      note = 'changed weights';
    } else {
      // A file outside, read as numbers from 0 to 255 that no step changes, so that the trained model has it as it was.
      for (const layer of tree.modelTopology.config.layers) layer.config.trainable = false;
      const quantization = { dtype: 'uint8', scale: 1, min: 0 };
      const [group] = tree.weightsManifest;
      group.weights = group.weights.map((/** @type {object} */ weight) => ({ ...weight, quantization }));
      const linked = random.chance(0.3);
      if (linked) symlinkSync(join(outside, 'secret.txt'), join(folder, 'linked.bin'));
      const path = linked
        ? 'linked.bin'
        : random.pick([
            '../../../outside/secret.txt',
            join(outside, 'secret.txt'),
            './../../../outside/secret.txt',
            '..\\..\\..\\outside\\secret.txt',
            'x/../../../../outside/secret.txt',
            '/dev/zero',
            '/proc/self/environ',
          ]);
      group.paths = random.chance(0.5) ? [path] : [...group.paths, path];
      text = JSON.stringify(tree);
      note = `weights from ${linked ? 'a link' : path}`;
    }
    put(folder, { 'model.json': text });
    const sharing = { use: 'hard-sharing', encoder: { use: 'layers-model', file: 'stranger/layers/model.json' } };
    put(mine, { 'run.yaml': JSON.stringify({ ...runFile, sharing }) });
    const trains = way > 6 || random.chance(0.5);
    const args = trains ? ['train', 'run.yaml', '-q', '-o', 'out', '-s', 'training.epochs=1'] : ['check', 'run.yaml'];
    return { note, args, writes: trains ? ['mine/out'] : [] };
  },
};

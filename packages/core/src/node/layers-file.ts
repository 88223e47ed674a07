import { dirname, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { defineEncoder, type Encoder } from '../contracts/encoder.js';
import { modelStages, outputOption } from '../encoders/layers-model.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { describeFactory, plainOptions } from '../options/describe-part.js';
import { type OptionsOf, required } from '../options/option.js';
import { text } from '../options/takes.js';
import { readRegularFile, readRegularText } from './regular-file.js';
import { within } from './within.js';

/** Bytes of a file of weights; a model has at most 4 GiB. */
const largestWeights = 2 ** 32;

const options = {
  file: required(text('the path of a model.json'), 'Path of model.json, from the folder of the run file.'),
  ...outputOption,
};

/** Options of {@link layersFile}. */
export type LayersFileOptions = OptionsOf<typeof options>;

/** The parts of tfjs' model.json that are read here. */
interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest?: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly tf.io.WeightsManifestEntry[];
  }[];
}

/**
 * An encoder from a model that tfjs' layers API saved: `model.json` and the weight files that it names, in the same folder
 * or below it.
 * The model keeps its weights; a sharing strategy can build it once, see `layersModel`.
 *
 * @returns A promise of the encoder.
 * @throws `POLYTASK_INVALID_OPTION`; `POLYTASK_MODEL_FILE` where the files cannot be read as such a model.
 */
export const layersFile = /* @__PURE__ */ describeFactory(
  'encoder',
  {
    name: 'layers-model',
    summary: 'A model that tfjs saved (model.json and its weights), pretrained or not.',
    options,
  },
  async ({ file, output }, { folder = '.' }): Promise<Encoder> => {
    const stages = modelStages(await loadModel(resolve(folder, file), file), output);
    return defineEncoder({ name: 'layers-model', options: plainOptions(options, { file, output }), ...stages });
  },
);

async function loadModel(path: string, file: string): Promise<tf.LayersModel> {
  try {
    const json = JSON.parse(await readRegularText(path)) as ModelJson;
    const manifest = json.weightsManifest ?? [];
    const files = manifest.flatMap(({ paths }) => paths);
    const weights = await Promise.all(
      files.map((name) => readRegularFile(within(dirname(path), name), { most: largestWeights })),
    );
    const artifacts = {
      modelTopology: json.modelTopology,
      weightSpecs: manifest.flatMap((group) => [...group.weights]),
      weightData: Uint8Array.from(Buffer.concat(weights)).buffer,
    };
    return await tf.loadLayersModel({ load: async () => artifacts });
  } catch (error) {
    throw new PolytaskError(
      'POLYTASK_MODEL_FILE',
      `\`${file}\` cannot be read as a model that tfjs' layers API saved: ${(error as Error).message}`,
      { cause: error, option: 'file' },
    );
  }
}

import { dirname, resolve } from 'node:path';
import { type Encoder, layersModel, PolytaskError } from '@polytask/core';
import { readRegularFile, readRegularText, within } from '@polytask/core/node';
import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from './part-table.js';

/** The parts of tfjs' model.json that are read here. */
interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest?: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly tf.io.WeightsManifestEntry[];
  }[];
}

/** Bytes of a file of weights; a model has at most 4 GiB. */
const largestWeights = 2 ** 32;

/**
 * An encoder from a model that tfjs' layers API saved: `model.json` and the weight files that it names, in the same
 * folder or below it.
 * The model keeps its weights; a sharing strategy can build it once, see `layersModel`.
 *
 * @throws PolytaskError (`POLYTASK_MODEL_FILE`) where the files cannot be read as such a model.
 */
export async function layersFile(
  options: { readonly file: string; readonly output?: string },
  context: BuildContext,
): Promise<Encoder> {
  const { file, ...rest } = options;
  const path = resolve(context.folder, file);
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
    return layersModel(await tf.loadLayersModel({ load: async () => artifacts }), rest);
  } catch (error) {
    const why = `\`${file}\` cannot be read as a model that tfjs' layers API saved: ${(error as Error).message}`;
    throw new PolytaskError('POLYTASK_MODEL_FILE', why, { cause: error });
  }
}

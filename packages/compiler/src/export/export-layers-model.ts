import type { InputSpec } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import type { Value } from '../ir/value.js';
import { constantFinder } from './constant-of.js';
import { sampleBatches } from './dynamic-batch.js';
import type { ExportSource } from './export-onnx.js';
import { type LayerTensor, layersBuilder } from './layers-builder.js';
import { modelMetadata, outputName } from './model-metadata.js';
import { traceInference } from './trace-inference.js';

/** The files of a layers model, by name. */
export interface LayersModelFiles {
  /** Topology, and what is in the other file. */
  readonly 'model.json': string;
  readonly 'weights.bin': Uint8Array;
}

/**
 * A trained model as the files that `tf.loadLayersModel` reads, in browsers and elsewhere. Its inputs are the model's inputs, its
 * outputs the tasks' predictions, by name. What a layer cannot be called, such as `IMDB Rating`, gets a name that it can (`IMDB_Rating`),
 * and `polytask.names` of the metadata says which. Metadata as in `exportOnnx`, under `userDefinedMetadata`.
 *
 * Shapes: input `[rows, ...inputs[name].shape]`, output `[rows, ...]`; a task with one number per row gives `[rows, 1]`.
 *
 * @param source A trainer whose model is built.
 * @throws `POLYTASK_EXPORT_LAYERS` where tfjs has no layer for what the model computes; `POLYTASK_NO_MODEL` before the first
 * `fit`; `POLYTASK_UNSUPPORTED_KERNEL`.
 * @example
 * ```ts
 * import { exportLayersModel, type ExportSource } from '@polytask/compiler';
 *
 * const topologyOf = async (trainer: ExportSource) => JSON.parse((await exportLayersModel(trainer))['model.json']);
 * ```
 */
export async function exportLayersModel(source: ExportSource): Promise<LayersModelFiles> {
  const inference = await source.inference();
  const [batch] = sampleBatches;
  const { traced, inputs: names, variables } = traceInference(inference, batch);
  const { safe, renamed } = safeNames();
  const inputs = new Map<string, LayerTensor>();
  for (const [name, input] of names) {
    const { shape, dtype } = inference.inputs[input] as InputSpec;
    inputs.set(name, tf.input({ shape: [...shape], dtype, name: safe(input) }));
  }
  const build = layersBuilder({ batch, inputs, constantOf: constantFinder(traced.graph, variables) });
  const outputs = inference.tasks.map(({ name }) => {
    const made = build(traced.outputs.get(`prediction/${name}`) as Value);
    // A model's outputs are called like their layers.
    const layer = tf.layers.activation({ activation: 'linear', name: safe(outputName(name, inference.inputs)) });
    return layer.apply(made) as LayerTensor;
  });
  const model = tf.model({ inputs: [...inputs.values()], outputs, name: 'polytask' });
  try {
    const names = Object.keys(renamed).length === 0 ? {} : { 'polytask.names': JSON.stringify(renamed) };
    return await files(model, { ...modelMetadata(inference), ...names });
  } finally {
    model.dispose();
  }
}

/** Names as tfjs takes them for layers, all different; and those that are not the given ones, by these. */
function safeNames(): { safe(name: string): string; renamed: Record<string, string> } {
  const taken = new Set<string>();
  const renamed: Record<string, string> = {};
  return {
    renamed,
    safe(name) {
      const base = name.replace(/[^-\w./]/g, '_').replace(/^[^A-Za-z0-9]/, 'x$&') || 'x';
      let made = base;
      for (let n = 2; taken.has(made); n++) made = `${base}_${n}`;
      taken.add(made);
      if (made !== name) renamed[name] = made;
      return made;
    },
  };
}

async function files(model: tf.LayersModel, metadata: Record<string, string>): Promise<LayersModelFiles> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, weightSpecs, weightData, format, generatedBy } = saved as tf.io.ModelArtifacts;
  const json = {
    format,
    generatedBy,
    convertedBy: 'polytask',
    modelTopology,
    userDefinedMetadata: metadata,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  };
  const buffer = tf.io.CompositeArrayBuffer.join(weightData as ArrayBuffer);
  return { 'model.json': JSON.stringify(json), 'weights.bin': new Uint8Array(buffer) };
}

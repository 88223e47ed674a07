import { type Inference, type InputSpec, requireOption } from '@polytask/core';
import { encodeModel } from '../emit/encode-model.js';
import type { Value } from '../ir/value.js';
import { lower } from '../lower/lower.js';
import type { OnnxConstant, OnnxGraph, OnnxNode, OnnxTensorInfo } from '../onnx/graph.js';
import { sampleBatches, withDynamicBatch } from './dynamic-batch.js';
import { modelMetadata, outputName } from './model-metadata.js';
import { traceInference } from './trace-inference.js';
import { withoutViews } from './without-views.js';

/** Options of {@link exportOnnx}. */
export interface ExportOnnxOptions {
  /** Rows per run; default `'dynamic'`: any number. */
  readonly batch?: 'dynamic' | number;
  /** Further entries of the model's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Something with a trained model: a trainer. */
export interface ExportSource {
  inference(): Promise<Inference>;
}

/**
 * A trained model as the bytes of an `.onnx` file, which ONNX Runtime runs in every language it has. Its inputs are the model's
 * inputs by name, its outputs are named by the tasks and hold what `Task.predict` gives: probabilities, or values in original
 * units. Metadata tell tasks and classes, see {@link modelMetadata}.
 *
 * Shapes: input `[batch, ...inputs[name].shape]`, output `[batch, ...]`; with `batch: 'dynamic'` any number of rows.
 *
 * @param source A trainer whose model is built.
 * @throws `POLYTASK_NO_MODEL` before the first `fit`; `POLYTASK_UNSUPPORTED_KERNEL` for an operation without ONNX equivalent;
 * `POLYTASK_EXPORT_BATCH` where predictions depend on the number of rows; `POLYTASK_INVALID_OPTION`.
 * @example
 * ```ts
 * import { exportOnnx, type ExportSource } from '@polytask/compiler';
 *
 * const bytesOf = async (trainer: ExportSource) => (await exportOnnx(trainer)).byteLength;
 * ```
 */
export async function exportOnnx(source: ExportSource, options: ExportOnnxOptions = {}): Promise<Uint8Array> {
  const { batch = 'dynamic', metadata = {} } = options;
  const valid = batch === 'dynamic' || (Number.isInteger(batch) && batch > 0);
  requireOption(valid, 'batch', "'dynamic' or a positive whole number", batch);
  const inference = await source.inference();
  const graph =
    batch === 'dynamic'
      ? withDynamicBatch(graphFor(inference, sampleBatches[0]), graphFor(inference, sampleBatches[1]))
      : graphFor(inference, batch);
  return encodeModel(graph, { metadata: { ...modelMetadata(inference), ...metadata } });
}

/** The prediction program for one batch size, variables as constants, inputs and outputs by their users' names. */
function graphFor(inference: Inference, batch: number): OnnxGraph {
  const { program, inputs, tasks } = inference;
  const { traced, inputs: given, variables } = traceInference(inference, batch);
  const held = new Map<string, OnnxConstant>();
  for (const [name, variable] of variables) held.set(name, { name, type: 'float32', ...variable });
  const sources: OnnxTensorInfo[] = [...held.values()];
  for (const [name, input] of given) {
    const { shape, dtype } = inputs[input] as InputSpec;
    sources.push({ name, type: dtype, shape: [batch, ...shape] });
  }
  const names = new Map(given);
  const outputs = new Map<string, Value>();
  for (const { name } of tasks) {
    outputs.set(`prediction/${name}`, traced.outputs.get(`prediction/${name}`) as Value);
    names.set(`prediction/${name}`, outputName(name, inputs));
  }
  return renamed(withConstants(withoutViews(lower(program.name, outputs), sources), held), names);
}

/** Inputs that have known values become constants. */
function withConstants(graph: OnnxGraph, known: ReadonlyMap<string, OnnxConstant>): OnnxGraph {
  const found = graph.inputs.flatMap(({ name }) => known.get(name) ?? []);
  const inputs = graph.inputs.filter(({ name }) => !known.has(name));
  return { ...graph, inputs, constants: [...found, ...graph.constants] };
}

/** Gives tensors new names. */
function renamed(graph: OnnxGraph, names: ReadonlyMap<string, string>): OnnxGraph {
  const rename = (name: string) => names.get(name) ?? name;
  const node = (one: OnnxNode) => ({ ...one, inputs: one.inputs.map(rename), outputs: one.outputs.map(rename) });
  const info = <T extends { readonly name: string }>(one: T): T => ({ ...one, name: rename(one.name) });
  return {
    ...graph,
    name: 'polytask',
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    nodes: graph.nodes.map(node),
  };
}

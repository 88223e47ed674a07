import { type Inference, type InputPrologue, requireOption } from '@polytask/core';
import type { Value } from '../ir/value.js';
import { lower } from '../lower/lower.js';
import { encodeModel } from '../lower/onnx/encode-model.js';
import type { OnnxConstant, OnnxGraph, OnnxNode } from '../lower/onnx/graph.js';
import { behindPrologue } from './behind-prologue.js';
import { rowsDimension, sampleBatches, withDynamicBatch } from './dynamic-batch.js';
import { type ExportedInputs, modelMetadata, outputName } from './model-metadata.js';
import { traceInference } from './trace-inference.js';

/** Options of {@link exportOnnx}. */
export interface ExportOnnxOptions {
  /** Rows per run; default `'dynamic'`: any number. */
  readonly batch?: 'dynamic' | number;
  /**
   * What makes the model's inputs of the values that people have, such as `onnxPrologue(encoding)` of `@polytask/data`: the file
   * then takes raw columns. Default: none, the file takes the model's inputs.
   */
  readonly prologue?: InputPrologue;
  /** Further entries of the model's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Something with a trained model: a trainer. */
export interface ExportSource {
  inference(): Promise<Inference>;
}

/**
 * A trained model as the bytes of an `.onnx` file, which ONNX Runtime runs in every language it has. Its inputs are the model's
 * inputs by name, or those of a `prologue`; its outputs are named by the tasks and hold what `Task.predict` gives: probabilities,
 * or values in original units. Metadata tell tasks, classes and inputs, see {@link modelMetadata}.
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
  const { batch = 'dynamic', metadata = {}, prologue } = options;
  const valid = batch === 'dynamic' || (Number.isInteger(batch) && batch > 0);
  requireOption(valid, 'batch', "'dynamic' or a positive whole number", batch);
  const inference = await source.inference();
  const inputs = exportedInputs(inference, prologue);
  const names = namesOf(inference, inputs, prologue);
  const model =
    batch === 'dynamic'
      ? withDynamicBatch(graphFor(inference, names, sampleBatches[0]), graphFor(inference, names, sampleBatches[1]))
      : graphFor(inference, names, batch);
  const rows = batch === 'dynamic' ? rowsDimension : batch;
  const graph = prologue === undefined ? model : behindPrologue(model, prologue, names.inputs, names.hidden, rows);
  return encodeModel(graph, { metadata: { ...modelMetadata({ tasks: inference.tasks, inputs }), ...metadata } });
}

/** What an exported model is fed with. */
function exportedInputs({ inputs }: Inference, prologue: InputPrologue | undefined): ExportedInputs {
  if (prologue === undefined) return inputs;
  const made = Object.keys(prologue.outputs);
  const known = made.every((name) => Object.hasOwn(inputs, name));
  requireOption(known, 'prologue.outputs', `some of the model's inputs, ${Object.keys(inputs).join(', ')}`, made);
  const others = Object.entries(inputs).filter(([name]) => !made.includes(name));
  const twice = others.filter(([name]) => Object.hasOwn(prologue.inputs, name)).map(([name]) => name);
  requireOption(twice.length === 0, 'prologue.inputs', "other names than the model's own inputs have", twice);
  return { ...prologue.inputs, ...Object.fromEntries(others) };
}

/** How tensors are called in an exported graph. */
interface Names {
  /** Begins the name of every tensor that is neither input nor output: a column may be called like any of them. */
  readonly hidden: string;
  /** By input of the model. */
  readonly inputs: ReadonlyMap<string, string>;
  /** By task. */
  readonly outputs: ReadonlyMap<string, string>;
}

function namesOf({ inputs, tasks }: Inference, exported: ExportedInputs, prologue: InputPrologue | undefined): Names {
  const outputs = new Map(tasks.map(({ name }) => [name, outputName(name, exported)]));
  const open = [...Object.keys(exported), ...outputs.values()];
  let hidden = '/';
  while (open.some((name) => name.startsWith(hidden))) hidden += '/';
  const made = (input: string) => prologue !== undefined && Object.hasOwn(prologue.outputs, input);
  // A column may be called like the input that it becomes a part of.
  const nameOf = (input: string) => (made(input) ? `${hidden}input/${input}` : input);
  return { hidden, outputs, inputs: new Map(Object.keys(inputs).map((input) => [input, nameOf(input)])) };
}

/** The prediction program for one batch size, variables as constants, inputs and outputs by their users' names. */
function graphFor(inference: Inference, { hidden, inputs: inputNames, outputs: outputNames }: Names, batch: number) {
  const { program, tasks } = inference;
  const { traced, inputs: given, variables } = traceInference(inference, batch);
  const held = new Map<string, OnnxConstant>();
  for (const [name, variable] of variables) held.set(name, { name, type: 'float32', ...variable });
  const names = new Map<string, string>();
  for (const [name, input] of given) names.set(name, inputNames.get(input) as string);
  const outputs = new Map<string, Value>();
  for (const { name } of tasks) {
    outputs.set(`prediction/${name}`, traced.outputs.get(`prediction/${name}`) as Value);
    names.set(`prediction/${name}`, outputNames.get(name) as string);
  }
  const rename = (name: string) => names.get(name) ?? (name === '' ? '' : `${hidden}${name}`);
  return renamed(withConstants(lower(program.name, outputs).graph, held), rename);
}

/** Inputs that have known values become constants. */
function withConstants(graph: OnnxGraph, known: ReadonlyMap<string, OnnxConstant>): OnnxGraph {
  const found = graph.inputs.flatMap(({ name }) => known.get(name) ?? []);
  const inputs = graph.inputs.filter(({ name }) => !known.has(name));
  return { ...graph, inputs, constants: [...found, ...graph.constants] };
}

/** Gives tensors new names. */
function renamed(graph: OnnxGraph, rename: (name: string) => string): OnnxGraph {
  const node = (one: OnnxNode) => ({ ...one, inputs: one.inputs.map(rename), outputs: one.outputs.map(rename) });
  const info = <T extends { readonly name: string }>(one: T): T => ({ ...one, name: rename(one.name) });
  return {
    ...graph,
    name: 'polytask',
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    constants: graph.constants.map(info),
    nodes: graph.nodes.map(node),
  };
}

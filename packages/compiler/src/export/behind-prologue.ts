import type { InputPrologue } from '@polytask/core';
import type { ExportedGraph, OnnxConstant, OnnxGraph, OnnxNode } from '../lower/onnx/graph.js';

/**
 * A model's graph behind a prologue that makes its inputs.
 *
 * @param names By input of the model: its name in the graph.
 * @param hidden Begins no name of an input or an output; all names that are made here begin with it.
 * @param rows The first dimension of all inputs.
 */
export function behindPrologue(
  model: OnnxGraph,
  prologue: InputPrologue,
  names: ReadonlyMap<string, string>,
  hidden: string,
  rows: number | string,
): ExportedGraph {
  const inner = (name: string) =>
    name === '' || Object.hasOwn(prologue.inputs, name) ? name : `${hidden}prologue/${name}`;
  const given = Object.entries(prologue.inputs).map(([name, { dtype, shape }]) => ({
    name,
    type: dtype,
    shape: [rows, ...shape],
  }));
  const before = prologue.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(inner),
    outputs: node.outputs.map(inner),
  }));
  const joints: OnnxNode[] = Object.entries(prologue.outputs).map(([input, tensor]) => ({
    op: 'Identity',
    inputs: [inner(tensor)],
    outputs: [names.get(input) as string],
  }));
  const fed = new Set(joints.flatMap(({ outputs }) => outputs));
  const behind = prologue.refused === undefined ? model : withoutRefused(model, inner(prologue.refused), hidden);
  return {
    ...behind,
    inputs: [...given, ...behind.inputs.filter(({ name }) => !fed.has(name))],
    constants: [
      ...prologue.constants.map((constant) => ({ ...constant, name: inner(constant.name) })),
      ...behind.constants,
    ],
    nodes: [...before, ...joints, ...behind.nodes],
  };
}

/** The graph with NaN for all predictions of rows that are refused; `refused` is bool `[rows]`. */
function withoutRefused(graph: OnnxGraph, refused: string, hidden: string): OnnxGraph {
  const outputs = graph.outputs.filter(({ type }) => type === 'float32');
  const whole = (name: string) => (outputs.some((one) => one.name === name) ? `${hidden}predicted/${name}` : name);
  const none: OnnxConstant = { name: `${hidden}none`, type: 'float32', shape: [], data: Float32Array.of(Number.NaN) };
  const constants: OnnxConstant[] = [none];
  const nodes: OnnxNode[] = [];
  for (const { name, shape } of outputs) {
    const axes: OnnxConstant = {
      name: `${hidden}axes/${name}`,
      type: 'int64',
      shape: [shape.length - 1],
      data: BigInt64Array.from(shape.slice(1), (_, axis) => BigInt(axis + 1)),
    };
    const mask = `${hidden}refused/${name}`;
    constants.push(axes);
    nodes.push(
      { op: 'Unsqueeze', inputs: [refused, axes.name], outputs: [mask] },
      { op: 'Where', inputs: [mask, none.name, whole(name)], outputs: [name] },
    );
  }
  const renamed = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(whole),
    outputs: node.outputs.map(whole),
  }));
  return { ...graph, constants: [...graph.constants, ...constants], nodes: [...renamed, ...nodes] };
}

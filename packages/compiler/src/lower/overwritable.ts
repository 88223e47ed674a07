import type { OnnxGraph, OnnxNode } from './onnx/graph.js';

/** Operators that read each entry before they write that entry, and no other one. */
const entryByEntry = new Set(['Add', 'Sub', 'Mul', 'Div', 'Where', 'Sqrt', 'Neg', 'Max', 'Min', 'Identity', 'Cast']);

/** Operators whose result ONNX Runtime lets lie in the memory of their input. */
const aliasing = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze', 'Flatten']);

/**
 * Whether an output may be written into memory that `inputs` lie in: everything else that reads them must have run by then,
 * which holds for what the output depends on, and the operator that writes must do so entry by entry.
 */
export function overwritable(graph: OnnxGraph, output: string, inputs: readonly string[]): boolean {
  const makers = new Map<string, OnnxNode>();
  for (const node of graph.nodes) for (const name of node.outputs) makers.set(name, node);
  const last = makers.get(output);
  if (last === undefined) return false;
  const before = new Set<OnnxNode>();
  const open = last.inputs.map((name) => makers.get(name));
  while (open.length > 0) {
    const node = open.pop();
    if (node === undefined || before.has(node)) continue;
    before.add(node);
    open.push(...node.inputs.map((name) => makers.get(name)));
  }
  const shapeOf = (name: string) => graph.inputs.find((one) => one.name === name)?.shape.join();
  const mine = graph.outputs.find((one) => one.name === output)?.shape.join();
  const shared = new Set(inputs);
  for (const node of graph.nodes) {
    // Results of the operator that writes are new numbers, wherever they lie.
    if (node !== last && aliasing.has(node.op) && shared.has(node.inputs[0] as string))
      shared.add(node.outputs[0] as string);
  }
  return graph.nodes.every((node) => {
    const reads = node.inputs.filter((name) => shared.has(name));
    if (reads.length === 0) return true;
    if (node !== last) return before.has(node);
    return entryByEntry.has(node.op) && reads.every((name) => inputs.includes(name) && shapeOf(name) === mine);
  });
}

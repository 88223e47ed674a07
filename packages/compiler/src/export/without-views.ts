import { sizeOf } from '../ir/value.js';
import type { Lowered } from '../lower/lower.js';
import type { OnnxConstant, OnnxGraph, OnnxNode } from '../lower/onnx/graph.js';

/**
 * The graph of a lowered program whose views are cut out of their sources by nodes of the graph: a model that others run has to
 * be fed with whole inputs only.
 */
export function withoutViews({ graph, inputs: lowered }: Lowered): OnnxGraph {
  const viewed = lowered.filter(({ view }) => view !== undefined);
  if (viewed.length === 0) return graph;
  const constants: OnnxConstant[] = [];
  const nodes: OnnxNode[] = [];
  const ints = (name: string, values: readonly number[]) => {
    const data = BigInt64Array.from(values, BigInt);
    constants.push({ name, type: 'int64', shape: [values.length], data });
    return name;
  };
  const inputs = graph.inputs.filter(({ name }) => !viewed.some((one) => one.name === name));
  for (const { name, source, view, shape, type } of viewed) {
    if (!inputs.some((one) => one.name === source.name)) inputs.push({ name: source.name, type, shape: source.shape });
    // A view is a piece along the first axis.
    const first = (view?.offset ?? 0) / sizeOf(source.shape.slice(1));
    nodes.push({
      op: 'Slice',
      inputs: [source.name, ints(`${name}/from`, [first]), ints(`${name}/to`, [first + Number(shape[0])])],
      outputs: [name],
    });
  }
  return { ...graph, inputs, constants: [...graph.constants, ...constants], nodes: [...nodes, ...graph.nodes] };
}

import type { Lowered } from '../lower/lower.js';
import type { OnnxConstant, OnnxGraph, OnnxNode, OnnxTensorInfo } from '../lower/onnx/graph.js';

/**
 * The graph of a lowered program whose views are cut out of their sources by nodes of the graph: a model that others run has to
 * be fed with whole inputs only.
 *
 * @param sources What the program was given, for the shapes of sources that only views use.
 */
export function withoutViews({ graph, views }: Lowered, sources: readonly OnnxTensorInfo[]): OnnxGraph {
  if (views.length === 0) return graph;
  const viewed = new Set(views.map(({ name }) => name));
  const constants: OnnxConstant[] = [];
  const nodes: OnnxNode[] = [];
  const ints = (name: string, values: readonly number[]) => {
    const data = BigInt64Array.from(values, BigInt);
    constants.push({ name, type: 'int64', shape: [values.length], data });
    return name;
  };
  const inputs = graph.inputs.filter(({ name }) => !viewed.has(name));
  for (const { name, source, offset, shape } of views) {
    const info = sources.find((one) => one.name === source) as OnnxTensorInfo;
    if (!inputs.includes(info) && !inputs.some((one) => one.name === source)) inputs.push(info);
    // A view is a piece along the first axis.
    const rest = (info.shape as readonly number[]).slice(1).reduce((product, size) => product * size, 1);
    const first = offset / rest;
    nodes.push({
      op: 'Slice',
      inputs: [source, ints(`${name}/from`, [first]), ints(`${name}/to`, [first + (shape[0] as number)])],
      outputs: [name],
    });
  }
  return { ...graph, inputs, constants: [...graph.constants, ...constants], nodes: [...nodes, ...graph.nodes] };
}

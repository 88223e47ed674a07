import { PolytaskError } from '@polytask/core';
import type { OnnxConstant, OnnxGraph, OnnxNode, OnnxTensorInfo } from '../lower/onnx/graph.js';

/**
 * Two sizes at which a program is traced to see what depends on the batch. Primes, so that no layer has the same size by chance,
 * and above the size below which constants are written out.
 */
export const sampleBatches = [521, 523] as const;

/** Name of the symbolic dimension. */
export const rowsDimension = 'batch';

/**
 * One graph for every batch size, from graphs of the same program at the two {@link sampleBatches}: dimensions that differ become
 * symbolic, and whole-number constants that differ (shapes that operators are given) are computed from the batch, as
 * a + c · batch.
 *
 * @param small Graph at the first size.
 * @param large Graph at the second size.
 * @throws `POLYTASK_EXPORT_BATCH` where anything else depends on the batch size.
 */
export function withDynamicBatch(small: OnnxGraph, large: OnnxGraph): OnnxGraph {
  requireSame(small, large);
  const source = small.inputs.find(({ shape }) => shape[0] === sampleBatches[0]);
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [];
  const computed: OnnxNode[] = [];
  // A name that begins like a constant's is no input's.
  let size = '';
  small.constants.forEach((constant, i) => {
    const other = large.constants[i] as OnnxConstant;
    if (sameData(constant, other)) {
      constants.push(constant);
      return;
    }
    const line = affine(constant, other);
    const users = small.nodes.filter(({ inputs }) => inputs.includes(constant.name));
    if (inferable(line, users, constant.name)) {
      const shape = line.start.map((start, k) => (line.factor[k] === 0n ? start : -1n));
      constants.push({ ...constant, data: BigInt64Array.from(shape) });
      return;
    }
    if (source === undefined) throw dependsOnBatch('a constant, and no input has a batch dimension');
    if (computed.length === 0) {
      size = `${constant.name}/rows`;
      const attributes = { start: { int: 0 }, end: { int: 1 } };
      computed.push({ op: 'Shape', inputs: [source.name], outputs: [size], attributes });
    }
    const [factor, scaled, start] = ['factor', 'scaled', 'start'].map((part) => `${constant.name}/${part}`) as [
      string,
      string,
      string,
    ];
    constants.push({ ...constant, name: factor, data: line.factor }, { ...constant, name: start, data: line.start });
    computed.push(
      { op: 'Mul', inputs: [factor, size], outputs: [scaled] },
      { op: 'Add', inputs: [start, scaled], outputs: [constant.name] },
    );
  });
  nodes.push(...computed, ...small.nodes);
  return { ...small, inputs: small.inputs.map(symbolic), outputs: small.outputs.map(symbolic), constants, nodes };
}

/** The first dimension by name, where it is the batch. */
function symbolic(info: OnnxTensorInfo): OnnxTensorInfo {
  return info.shape[0] === sampleBatches[0] ? { ...info, shape: [rowsDimension, ...info.shape.slice(1)] } : info;
}

/** Both graphs must have the same operators, wired alike, and tensors that differ in the batch alone. */
function requireSame(small: OnnxGraph, large: OnnxGraph): void {
  if (small.nodes.length !== large.nodes.length || small.constants.length !== large.constants.length) {
    throw dependsOnBatch('which operators it is made of');
  }
  small.nodes.forEach((node, i) => {
    if (JSON.stringify(node) !== JSON.stringify(large.nodes[i])) throw dependsOnBatch(`operator ${node.op}`);
  });
  for (const kind of ['inputs', 'outputs'] as const) {
    small[kind].forEach((info, i) => {
      const other = large[kind][i] as OnnxTensorInfo;
      const expected = info.shape.map((size, axis) =>
        axis === 0 && size === sampleBatches[0] ? sampleBatches[1] : size,
      );
      const same = other.name === info.name && other.type === info.type && String(expected) === String(other.shape);
      if (!same) throw dependsOnBatch(`the shape of \`${info.name}\`, beyond its first dimension`);
    });
  }
}

function sameData(a: OnnxConstant, b: OnnxConstant): boolean {
  if (a.type !== b.type || String(a.shape) !== String(b.shape)) return false;
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return false;
  return true;
}

/** A list of whole numbers as start + factor · batch. */
interface Line {
  readonly start: BigInt64Array;
  readonly factor: BigInt64Array;
}

function affine(small: OnnxConstant, large: OnnxConstant): Line {
  const [a, b] = [small.data, large.data];
  const listed = small.shape.length === 1 && large.shape.length === 1 && a.length === b.length;
  if (!(a instanceof BigInt64Array && b instanceof BigInt64Array && listed))
    throw dependsOnBatch('numbers that it computes with');
  const [first, second] = sampleBatches.map(BigInt) as [bigint, bigint];
  const factor = a.map((value, i) => {
    const rise = (b[i] as bigint) - value;
    if (rise % (second - first) !== 0n) throw dependsOnBatch('a size that is no multiple of it');
    return rise / (second - first);
  });
  return { factor, start: a.map((value, i) => value - (factor[i] as bigint) * first) };
}

/** Whether a shape is only given to Reshape, which can work out the one dimension that is not fixed. */
function inferable({ start, factor }: Line, users: readonly OnnxNode[], name: string): boolean {
  const open = factor.filter((one) => one !== 0n).length;
  return (
    open === 1 &&
    !start.some((one, i) => one === 0n && factor[i] === 0n) &&
    users.every(({ op, inputs }) => op === 'Reshape' && inputs[0] !== name)
  );
}

function dependsOnBatch(what: string): PolytaskError {
  return new PolytaskError(
    'POLYTASK_EXPORT_BATCH',
    `A model whose predictions take any number of rows must treat rows alike, but here the batch size decides ${what}. ` +
      'Export it for one batch size: `exportOnnx(trainer, { batch: 32 })`.',
  );
}

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { PolytaskError } from '@polytask/core';
import type { ExportedGraph, OnnxAttribute, OnnxNode, OnnxType } from './graph.js';
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './onnx_pb.js';

/** What a model says besides its graph. */
export interface EncodeOptions {
  /** Version of ONNX's own operator set; 20 unless told. */
  readonly opset?: number;
  /** Entries of the model's `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Types of elements as numbers, which are those of the C interface too. */
export const dataTypes = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
  uint8: DataType.UINT8,
} as const satisfies Record<OnnxType, DataType>;

/** The typed array of every type of elements. */
export const arrays = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  uint8: Uint8Array,
} as const satisfies Record<OnnxType, unknown>;

/** The same with what exported models have besides. */
const allTypes = { ...dataTypes, float64: DataType.DOUBLE, string: DataType.STRING } as const;
const allArrays = { ...arrays, float64: Float64Array } as const;

/** Versions of operator sets that are not at version 1. */
const versions: { readonly [domain: string]: bigint } = { 'ai.onnx.ml': 3n };

/**
 * Writes a graph as an ONNX model: the bytes of a `ModelProto`, as a `.onnx` file holds them. ONNX's operators of machine learning
 * are imported at version 3, and operator sets that are not ONNX's at version 1.
 */
export function encodeModel(graph: ExportedGraph, { opset = 20, metadata = {} }: EncodeOptions = {}): Uint8Array {
  const domains = new Set<string>();
  for (const { domain } of graph.nodes) if (domain !== undefined) domains.add(domain);
  domains.delete('');
  const model = create(ModelProtoSchema, {
    // Version 9 of the format came with operator set 20; later sets want version 10.
    irVersion: opset > 20 ? 10n : 9n,
    producerName: 'polytask',
    opsetImport: [
      { domain: '', version: BigInt(opset) },
      ...Array.from(domains, (domain) => ({ domain, version: versions[domain] ?? 1n })),
    ],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      input: graph.inputs.map(tensorInfo),
      output: graph.outputs.map(tensorInfo),
      initializer: graph.constants.map(constant),
      node: graph.nodes.map(node),
    },
  });
  return toBinary(ModelProtoSchema, model, { writeUnknownFields: false });
}

function tensorInfo({
  name,
  type,
  shape,
}: ExportedGraph['inputs'][number]): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape.map((size) =>
    typeof size === 'string'
      ? { value: { case: 'dimParam' as const, value: size } }
      : { value: { case: 'dimValue' as const, value: BigInt(size) } },
  );
  return { name, type: { value: { case: 'tensorType', value: { elemType: allTypes[type], shape: { dim } } } } };
}

function constant({
  name,
  type,
  shape,
  data,
}: ExportedGraph['constants'][number]): MessageInitShape<typeof TensorProtoSchema> {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (data.length !== size || !(data instanceof allArrays[type])) {
    throw new PolytaskError(
      'POLYTASK_ONNX_CONSTANT',
      `Constant \`${name}\` of type ${type} and shape [${shape.join(', ')}] needs a ${allArrays[type].name} of ${size} values, ` +
        `but has a ${data.constructor.name} of ${data.length}. Correct the graph that is encoded.`,
    );
  }
  // The format stores raw values as little-endian bytes, which is how every platform that runs JavaScript holds them.
  const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return { name, dataType: allTypes[type], dims: shape.map(BigInt), rawData };
}

function node({
  op,
  domain = '',
  inputs,
  outputs,
  attributes = {},
}: OnnxNode): MessageInitShape<typeof NodeProtoSchema> {
  const encoded = Object.entries(attributes).map(([name, value]) => ({ name, ...attribute(value) }));
  return { opType: op, domain, input: [...inputs], output: [...outputs], attribute: encoded };
}

function attribute(value: OnnxAttribute): MessageInitShape<typeof AttributeProtoSchema> {
  if ('int' in value) return { type: AttributeType.INT, i: BigInt(value.int) };
  if ('float' in value) return { type: AttributeType.FLOAT, f: value.float };
  if ('ints' in value) return { type: AttributeType.INTS, ints: value.ints.map(BigInt) };
  if ('floats' in value) return { type: AttributeType.FLOATS, floats: [...value.floats] };
  const bytes = (text: string) => new TextEncoder().encode(text);
  if ('strings' in value) return { type: AttributeType.STRINGS, strings: value.strings.map(bytes) };
  return { type: AttributeType.STRING, s: bytes(value.string) };
}

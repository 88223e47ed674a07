import { fromBinary } from '@bufbuild/protobuf';
import { dataTypes } from './encode-model.js';
import type { OnnxTensorInfo, OnnxType } from './graph.js';
import { ModelProtoSchema, type ValueInfoProto } from './onnx_pb.js';

/** Inputs and outputs that an ONNX model declares; sizes without a number are symbolic, by name or `?`. */
export function modelInterface(model: Uint8Array): {
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
} {
  const { graph } = fromBinary(ModelProtoSchema, model);
  return { inputs: (graph?.input ?? []).map(tensorInfo), outputs: (graph?.output ?? []).map(tensorInfo) };
}

function tensorInfo({ name, type }: ValueInfoProto): OnnxTensorInfo {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  const found = Object.entries(dataTypes).find(([, number]) => number === tensor?.elemType)?.[0];
  const shape = (tensor?.shape?.dim ?? []).map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : (value.value ?? '?'),
  );
  return { name, type: found as OnnxType, shape };
}

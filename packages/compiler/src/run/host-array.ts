/** Numbers of a compiled graph: booleans come out as int32. */
export type HostArray = Float32Array | Int32Array;

/** The dtype of numbers. */
export function dtypeOf(data: HostArray): 'float32' | 'int32' {
  return data instanceof Int32Array ? 'int32' : 'float32';
}

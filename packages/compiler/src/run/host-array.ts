import { within } from './within.js';

/** Numbers of a compiled graph: booleans come out as int32. */
export type HostArray = Float32Array | Int32Array;

/** The dtype of numbers. */
export function dtypeOf(data: HostArray): 'float32' | 'int32' {
  return data instanceof Int32Array ? 'int32' : 'float32';
}

const views = new WeakMap<HostArray, Map<number, Map<number, HostArray>>>();

/** The part of an array from `offset` on; always the same object for the same part: what runtimes make of one is remembered. */
export function viewOf(data: HostArray, offset: number, size: number): HostArray {
  if (offset === 0 && size === data.length) return data;
  const here = within(within(views, data), offset);
  const view = here.get(size) ?? (data.subarray(offset, offset + size) as HostArray);
  here.set(size, view);
  return view;
}

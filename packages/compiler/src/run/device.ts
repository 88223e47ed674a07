import { type DeviceTensor, type HostTensor, PolytaskError } from '@polytask/core';
import { sizeOf } from '../ir/value.js';
import type { HeldForm } from '../rewrite/held-form.js';
import { dtypeOf, type HostArray } from './host-array.js';
import type { FlatMemory } from './tail/flat-memory.js';

/** Numbers from which a tensor's own can be made. */
export interface HeldNumbers {
  readonly form: HeldForm;
  readonly leaves: readonly HostArray[];
}

/**
 * Numbers in memory that a program may overwrite; `spare` is a second array that outputs alternate with. A tensor with `held` is
 * held by other numbers, and has no `data`.
 */
export interface HostDevice extends DeviceTensor {
  data: HostArray;
  spare?: HostArray;
  held?: HeldNumbers;
}

/** Arrays of one size and type that wait to be used again. */
const kept = 2;

/** The device tensors of one session, and the arrays that are theirs: code that needs one takes it here and gives it back. */
export interface DeviceStore {
  /** Takes over an array. */
  own(data: HostArray, shape: readonly number[]): HostDevice;
  /** Takes over numbers from which others can be made. */
  hold(held: HeldNumbers): HostDevice;
  /** Forgets the numbers that a tensor was held by. */
  letGo(handle: HostDevice): void;
  upload(value: HostTensor): HostDevice;
  /** The tensor behind a handle; throws for one that was released or is another session's. */
  inside(handle: DeviceTensor): HostDevice;
  release(handle: DeviceTensor): void;
  /** An array to be overwritten: one of a tensor that was released, where one fits. */
  take(dtype: 'float32' | 'int32', size: number): HostArray;
  /** Gives an array back that was taken and that no tensor has. */
  putBack(data: HostArray): void;
  /** A copy of an array. */
  copy(data: HostArray): HostArray;
  /** Where a tensor's next numbers are written: over those it has, or to the array that they alternate with. */
  target(handle: HostDevice, inPlace: boolean): HostArray;
  /** Makes the array that was written the tensor's numbers. */
  commit(handle: HostDevice, written: HostArray): void;
  clear(): void;
}

/** Starts without tensors. Vectors as long as those of `memory` lie there, as long as it has room. */
export function createDeviceStore(memory?: FlatMemory): DeviceStore {
  const live = new Set<DeviceTensor>();
  // Arrays of released tensors: a new one of megabytes in every step would cost more than the step's arithmetic.
  const free = new Map<string, HostArray[]>();
  const putBack = (data: HostArray) => {
    if (memory?.placeOf(data) !== undefined) {
      memory.release(data);
      return;
    }
    const key = `${dtypeOf(data)} ${data.length}`;
    const known = free.get(key) ?? [];
    if (known.length < kept) known.push(data);
    free.set(key, known);
  };
  const store: DeviceStore = {
    putBack,
    own(data, shape) {
      const dtype = dtypeOf(data);
      const handle: HostDevice = { shape: [...shape], dtype, data };
      // Numbers are looked at through the session alone; logs and comparisons of handles stay small.
      Object.defineProperty(handle, 'data', { enumerable: false, writable: true, value: data });
      live.add(handle);
      return handle;
    },
    hold(held) {
      const handle = store.own(held.form.dtype === 'int32' ? new Int32Array(0) : new Float32Array(0), held.form.shape);
      Object.defineProperty(handle, 'held', { enumerable: false, writable: true, value: held, configurable: true });
      return handle;
    },
    letGo(handle) {
      for (const leaf of handle.held?.leaves ?? []) putBack(leaf);
      delete handle.held;
    },
    upload: ({ data, shape }) => store.own(store.copy(checked(data, shape)), shape),
    inside(handle) {
      if (live.has(handle)) return handle as HostDevice;
      throw new PolytaskError(
        'POLYTASK_RELEASED',
        'A device tensor must be used before it is released and with the session that made it; this one is not alive here.',
      );
    },
    release(handle) {
      const inside = store.inside(handle);
      live.delete(handle);
      if (inside.held === undefined) putBack(inside.data);
      else store.letGo(inside);
      if (inside.spare !== undefined) putBack(inside.spare);
    },
    take(dtype, size) {
      const vector = dtype === 'float32' && size === memory?.size ? memory.allocate() : undefined;
      const known = vector ?? free.get(`${dtype} ${size}`)?.pop();
      return known ?? (dtype === 'int32' ? new Int32Array(size) : new Float32Array(size));
    },
    copy(data) {
      const copy = store.take(dtypeOf(data), data.length);
      copy.set(data);
      return copy;
    },
    target(handle, inPlace) {
      if (inPlace) return handle.data;
      handle.spare ??= store.copy(handle.data);
      return handle.spare;
    },
    commit(handle, written) {
      if (handle.data === written) return;
      handle.spare = handle.data;
      handle.data = written;
    },
    clear() {
      live.clear();
      free.clear();
    },
  };
  return store;
}

/** Throws unless there are as many numbers as the shape says. */
export function checked(data: HostArray, shape: readonly number[]): HostArray {
  const size = sizeOf(shape);
  if (data.length === size) return data;
  throw new PolytaskError(
    'POLYTASK_SHAPE_MISMATCH',
    `A tensor of shape [${shape.join(', ')}] has ${size} numbers, but ${data.length} were given.`,
  );
}

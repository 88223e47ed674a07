import { type DeviceTensor, type HostTensor, PolytaskError } from '@polytask/core';
import { sizeOf } from '../ir/value.js';
import type { HostArray } from './compile-graph.js';

/** Numbers in memory that a program may overwrite; `spare` is a second array that outputs alternate with. */
export interface HostDevice extends DeviceTensor {
  data: HostArray;
  spare?: HostArray;
}

/** The device tensors of one session. */
export interface DeviceStore {
  /** Takes over an array. */
  own(data: HostArray, shape: readonly number[]): HostDevice;
  upload(value: HostTensor): HostDevice;
  /** The tensor behind a handle; throws for one that was released or is another session's. */
  inside(handle: DeviceTensor): HostDevice;
  release(handle: DeviceTensor): void;
  /** The part of an array from `offset` on; always the same object for the same part. */
  view(data: HostArray, offset: number, size: number): HostArray;
  clear(): void;
}

/** Starts without tensors. */
export function createDeviceStore(): DeviceStore {
  const live = new Set<DeviceTensor>();
  const views = new WeakMap<HostArray, Map<string, HostArray>>();
  const store: DeviceStore = {
    own(data, shape) {
      const dtype = data instanceof Int32Array ? 'int32' : 'float32';
      const handle: HostDevice = { shape: [...shape], dtype, data };
      // Numbers are looked at through the session alone; logs and comparisons of handles stay small.
      Object.defineProperty(handle, 'data', { enumerable: false, writable: true, value: data });
      live.add(handle);
      return handle;
    },
    upload: ({ data, shape }) => store.own(checked(data, shape).slice(), shape),
    inside(handle) {
      if (live.has(handle)) return handle as HostDevice;
      throw new PolytaskError(
        'POLYTASK_RELEASED',
        'A device tensor must be used before it is released and with the session that made it; this one is not alive here.',
      );
    },
    release(handle) {
      store.inside(handle);
      live.delete(handle);
    },
    view(data, offset, size) {
      if (offset === 0 && size === data.length) return data;
      const known = views.get(data) ?? new Map<string, HostArray>();
      views.set(data, known);
      const key = `${offset} ${size}`;
      const view = known.get(key) ?? data.subarray(offset, offset + size);
      known.set(key, view);
      return view;
    },
    clear: () => live.clear(),
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

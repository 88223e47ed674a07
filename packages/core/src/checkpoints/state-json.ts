import type { HostTensor, State, StateArray, StateValue } from '../contracts/tensors.js';
import { CheckpointError } from './checkpoint-error.js';

/** Numbers as a file has them. */
export interface SavedArray {
  readonly data: StateArray;
  readonly shape: readonly number[];
}

/** Classes of arrays by the names that safetensors has for their elements. */
export const arrayClasses = {
  F32: Float32Array,
  F64: Float64Array,
  I8: Int8Array,
  I16: Int16Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
  U16: Uint16Array,
  U32: Uint32Array,
  U64: BigUint64Array,
} as const;

/** The name of an array's elements. */
export function dtypeOf(data: StateArray): keyof typeof arrayClasses {
  // By what it says it is and not by its class: it may be of another realm.
  const kind = Object.prototype.toString.call(data).slice('[object '.length, -1);
  const found = Object.entries(arrayClasses).find(([, { name }]) => name === kind);
  return (found?.[0] ?? 'F32') as keyof typeof arrayClasses;
}

function isStateArray(value: unknown): value is StateArray {
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return ArrayBuffer.isView(value) && Object.values(arrayClasses).some(({ name }) => name === kind);
}

/** Levels of lists and records in the state, so that none can exhaust the stack. */
const deepest = 200;

/** State as JSON: tensors go to `tensors` and leave a reference, numbers that JSON lacks are spelled out. */
export function pack(value: unknown, path: string, tensors: Map<string, SavedArray>, depth = 0): unknown {
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return { $number: '-0' };
    return Number.isFinite(value) ? value : { $number: String(value) };
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (depth > deepest) {
    throw new CheckpointError(`State must be nested at most ${deepest} levels deep, but \`${path}\` is deeper.`);
  }
  if (Array.isArray(value)) return value.map((item, i) => pack(item, `${path}/${i}`, tensors, depth + 1));
  if (isStateArray(value)) {
    tensors.set(path, { data: value, shape: [value.length] });
    return { $array: path };
  }
  if (Object.prototype.toString.call(value) !== '[object Object]') {
    throw new CheckpointError(
      `State must be plain data: numbers, text, lists, records, typed arrays and host tensors ({ data, shape }). \`${path}\` is ` +
        `${Object.prototype.toString.call(value)}. Correct \`saveState\`.`,
    );
  }
  if (isHostTensor(value as object)) {
    tensors.set(path, value as HostTensor);
    return { $tensor: path };
  }
  // Keys behind a dot, which keeps `__proto__` and `$tensor` from meaning anything; in paths as in JSON pointers.
  const inPath = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');
  return Object.fromEntries(
    Object.entries(value as object)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [`.${key}`, pack(item, `${path}/${inPath(key)}`, tensors, depth + 1)]),
  );
}

export function unpack(value: unknown, tensors: ReadonlyMap<string, SavedArray>, depth: number): StateValue {
  if (typeof value !== 'object' || value === null) return value as StateValue;
  if (depth > deepest) throw new CheckpointError(`This checkpoint's state is nested more than ${deepest} levels deep.`);
  if (Array.isArray(value)) return value.map((item) => unpack(item, tensors, depth + 1));
  const record = value as Record<string, unknown>;
  if (typeof record.$number === 'string') return Number(record.$number);
  for (const key of ['$tensor', '$array'] as const) {
    const name = record[key];
    if (typeof name !== 'string') continue;
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new CheckpointError(`This checkpoint lacks the tensor \`${name}\`.`);
    return key === '$array' ? tensor.data : (tensor as HostTensor);
  }
  const entries = Object.entries(record).map(([key, item]) => [key.slice(1), unpack(item, tensors, depth + 1)]);
  return Object.fromEntries(entries) as State;
}

function isHostTensor(value: object): value is HostTensor {
  const { data } = value as Partial<HostTensor>;
  return data instanceof Float32Array || data instanceof Int32Array;
}

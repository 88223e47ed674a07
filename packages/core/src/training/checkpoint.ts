import { PolytaskError } from '../errors/polytask-error.js';
import type { HostTensor, State, StateValue } from '../spec/tensors.js';

/** Everything needed to continue a run as if it had not been interrupted: plain data and tensors by name. */
export interface Checkpoint {
  /** Plain data; numbers may be NaN or infinite. */
  readonly state: State;
  readonly tensors: { readonly [name: string]: HostTensor };
}

/** Version of what is inside; raised when an older core could not read it. */
export const checkpointVersion = 1;

/** A checkpoint that cannot be used; code `POLYTASK_CHECKPOINT`. */
export class CheckpointError extends PolytaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('POLYTASK_CHECKPOINT', message, options);
  }
}

interface Entry {
  readonly dtype: 'F32' | 'I32';
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const maximumHeader = 100_000_000;

/**
 * A checkpoint as bytes in the safetensors layout (8 bytes header length, JSON header, data), so that other programs can
 * read the tensors. The plain data and a SHA-256 of data and tensors are in the header's `__metadata__`.
 */
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array> {
  const tensors: Record<string, HostTensor> = { ...checkpoint.tensors };
  const json = JSON.stringify(pack(checkpoint.state, 'state', tensors));
  const names = Object.keys(tensors).sort();
  const header: Record<string, Entry | Record<string, string>> = {};
  let offset = 0;
  for (const name of names) {
    const { data, shape } = tensors[name] as HostTensor;
    header[name] = {
      dtype: data instanceof Int32Array ? 'I32' : 'F32',
      shape,
      data_offsets: [offset, offset + data.byteLength],
    };
    offset += data.byteLength;
  }
  const body = new Uint8Array(offset);
  let position = 0;
  for (const name of names) {
    const { data } = tensors[name] as HostTensor;
    body.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  header.__metadata__ = {
    polytask: json,
    version: String(checkpointVersion),
    sha256: await digest(json, header, names, body),
  };
  let text = new TextEncoder().encode(JSON.stringify(header));
  // Data starts at a multiple of 8 bytes; JSON may end in spaces.
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text);
  text = padded;
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

/** The checkpoint in these bytes. Sizes are checked before anything is allocated. Errors: `POLYTASK_CHECKPOINT`. */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  const refuse = (why: string): never => {
    throw new CheckpointError(`This is not a complete Polytask checkpoint: ${why}. Use an earlier checkpoint.`);
  };
  if (bytes.length < 8) refuse(`${bytes.length} bytes are too few`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maximumHeader) || 8n + length > BigInt(bytes.length)) refuse('it ends within its header');
  const start = 8 + Number(length);
  let header: Record<string, unknown> = {};
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start))) as Record<
      string,
      unknown
    >;
  } catch {
    refuse('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) refuse('its header is not an object');
  const metadata = header.__metadata__ as Record<string, unknown> | undefined;
  const json = metadata?.polytask;
  if (typeof json !== 'string') return refuse('it has no Polytask state');
  if (metadata?.version !== String(checkpointVersion)) {
    throw new CheckpointError(
      `This checkpoint has version ${String(metadata?.version)}; this @polytask/core reads version ${checkpointVersion}.`,
    );
  }
  const body = bytes.subarray(start);
  const names = Object.keys(header)
    .filter((name) => name !== '__metadata__')
    .sort();
  const tensors = new Map<string, HostTensor>();
  for (const name of names) {
    const entry = header[name];
    if (!isEntry(entry, body.length)) return refuse(`tensor \`${name}\` does not lie within the file`);
    const [from, to] = entry.data_offsets;
    // A copy, because the file's bytes need not be aligned for float32.
    const buffer = body.slice(from, to).buffer;
    tensors.set(name, {
      data: entry.dtype === 'I32' ? new Int32Array(buffer) : new Float32Array(buffer),
      shape: entry.shape,
    });
  }
  if (metadata?.sha256 !== (await digest(json, header, names, body))) refuse('its checksum does not fit its contents');
  const state = unpack(JSON.parse(json), tensors) as State;
  return { state, tensors: Object.fromEntries([...tensors].filter(([name]) => !name.startsWith('state/'))) };
}

function isEntry(entry: unknown, available: number): entry is Entry {
  if (typeof entry !== 'object' || entry === null) return false;
  const { dtype, shape, data_offsets: offsets } = entry as Partial<Entry>;
  const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if ((dtype !== 'F32' && dtype !== 'I32') || !Array.isArray(shape) || !shape.every(whole)) return false;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole)) return false;
  const [from, to] = offsets as [number, number];
  const size = shape.reduce((product: number, n: number) => product * n, 1);
  return from <= to && to <= available && to - from === 4 * size;
}

async function digest(
  json: string,
  header: Record<string, unknown>,
  names: readonly string[],
  body: Uint8Array,
): Promise<string> {
  const entries = JSON.stringify(names.map((name) => [name, header[name]]));
  const text = new TextEncoder().encode(`${json}\n${entries}\n`);
  const all = new Uint8Array(text.length + body.length);
  all.set(text);
  all.set(body, text.length);
  const hash = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', all));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** State as JSON: tensors go to `tensors` and leave a reference, numbers that JSON lacks are spelled out. */
function pack(value: StateValue, path: string, tensors: Record<string, HostTensor>): unknown {
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: StateValue, i) => pack(item, `${path}/${i}`, tensors));
  if (isHostTensor(value)) {
    tensors[path] = value;
    return { $tensor: path };
  }
  const entries = Object.entries(value as State).map(([key, item]) => [
    `.${key}`,
    pack(item, `${path}/${key}`, tensors),
  ]);
  return Object.fromEntries(entries);
}

function unpack(value: unknown, tensors: ReadonlyMap<string, HostTensor>): StateValue {
  if (typeof value !== 'object' || value === null) return value as StateValue;
  if (Array.isArray(value)) return value.map((item) => unpack(item, tensors));
  const record = value as Record<string, unknown>;
  if (typeof record.$number === 'string') return Number(record.$number);
  if (typeof record.$tensor === 'string') {
    const tensor = tensors.get(record.$tensor);
    if (tensor === undefined) throw new CheckpointError(`This checkpoint lacks the tensor \`${record.$tensor}\`.`);
    return tensor;
  }
  // Keys were stored behind a dot, which keeps `__proto__` and `$tensor` from meaning anything.
  return Object.fromEntries(
    Object.entries(record).map(([key, item]) => [key.slice(1), unpack(item, tensors)]),
  ) as State;
}

function isHostTensor(value: object): value is HostTensor {
  const { data } = value as Partial<HostTensor>;
  return data instanceof Float32Array || data instanceof Int32Array;
}

import { type HostTensor, type State, sizeOf } from '../contracts/tensors.js';
import { CheckpointError } from './checkpoint-error.js';
import { arrayClasses, dtypeOf, pack, type SavedArray, unpack } from './state-json.js';

/** Everything needed to continue a run as if it had not been interrupted: plain data and tensors by name. */
export interface Checkpoint {
  /** Plain data; numbers may be NaN or infinite. */
  readonly state: State;
  readonly tensors: { readonly [name: string]: HostTensor };
}

/** Version of what is inside; raised when an older core could not read it. */
export const checkpointVersion = 1;

interface Entry {
  readonly dtype: keyof typeof arrayClasses;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const maximumHeader = 100_000_000;

/** How every header begins; the digits of the checksum come next. */
const beginning = '{"__metadata__":{"sha256":"';
const digestStart = 8 + beginning.length;
const blankDigest = '0'.repeat(64);

/**
 * A checkpoint as bytes in the safetensors layout (8 bytes header length, JSON header, data), so that other programs can
 * read the tensors. The plain data is in the header's `__metadata__`, beside a SHA-256 of the whole file in which its own digits
 * count as zeros.
 *
 * @throws CheckpointError (`POLYTASK_CHECKPOINT`) for state that is not plain data, and tensors whose shape does not fit.
 */
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array> {
  const tensors = new Map<string, SavedArray>();
  for (const [name, tensor] of Object.entries(checkpoint.tensors)) {
    if (name === '__metadata__' || name.startsWith('state/')) {
      throw new CheckpointError(`Tensors of a checkpoint must not be named \`${name}\`; that name is taken.`);
    }
    tensors.set(name, tensor);
  }
  const json = JSON.stringify(pack(checkpoint.state, 'state', tensors));
  let offset = 0;
  const entries = [...tensors].map(([name, { data, shape }]) => {
    if (data.length !== sizeOf(shape)) {
      throw new CheckpointError(`Tensor \`${name}\` of shape [${shape.join(', ')}] has ${data.length} numbers.`);
    }
    const entry: Entry = { dtype: dtypeOf(data), shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const metadata = JSON.stringify({ sha256: blankDigest, version: String(checkpointVersion), polytask: json });
  // As text, because an object would put names like `7` first and lose one like `__proto__`.
  const header = new TextEncoder().encode(`{"__metadata__":${[metadata, ...entries].join(',')}}`);
  // Data starts at a multiple of 8 bytes; JSON may end in spaces.
  const dataStart = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(dataStart + offset).fill(0x20, 0, dataStart);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  bytes.set(header, 8);
  let position = dataStart;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  bytes.set(new TextEncoder().encode(await digest(bytes)), digestStart);
  return bytes;
}

/** The checkpoint in these bytes. Sizes are checked before anything is allocated. Errors: `POLYTASK_CHECKPOINT`. */
export async function decodeCheckpoint(file: Uint8Array): Promise<Checkpoint> {
  // A Node buffer's `slice` would not copy.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  const refuse = (why: string): never => {
    throw new CheckpointError(`This is not a complete Polytask checkpoint: ${why}. Use an earlier checkpoint.`);
  };
  const headerStart = new TextDecoder().decode(bytes.subarray(8, digestStart));
  if (headerStart !== beginning) refuse('it does not begin like one');
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maximumHeader) || 8n + length > BigInt(bytes.length)) refuse('it ends within its header');
  const found = new TextDecoder().decode(bytes.subarray(digestStart, digestStart + blankDigest.length));
  const blanked = bytes.slice();
  blanked.fill(0x30, digestStart, digestStart + blankDigest.length);
  if (found !== (await digest(blanked))) refuse('its checksum does not fit its contents');
  const start = 8 + Number(length);
  const header = parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const metadata = isRecord(header) ? header.__metadata__ : undefined;
  if (!isRecord(header) || !isRecord(metadata)) return refuse('its header is not a record');
  if (metadata.version !== String(checkpointVersion)) {
    throw new CheckpointError(
      `This checkpoint has version ${String(metadata.version)}; this @polytask/core reads version ${checkpointVersion}.`,
    );
  }
  const body = bytes.subarray(start);
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  const wrong = entries.find(([name, entry]) => !isEntry(name, entry, body.length));
  if (wrong !== undefined) refuse(`tensor \`${wrong[0]}\` does not lie within the file`);
  // Before anything is copied: a small file must not become a large model by naming the same bytes many times.
  if (!fill(entries as [string, Entry][], body.length)) refuse('its tensors overlap, or leave bytes out');
  const tensors = new Map<string, SavedArray>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of entries as [string, Entry][]) {
    // A copy, because the file's bytes need not be aligned for float32.
    const { buffer } = body.slice(...offsets);
    tensors.set(name, { data: new arrayClasses[dtype](buffer), shape });
  }
  const state = unpack(parse(String(metadata.polytask)), tensors, 0);
  if (!isRecord(state)) return refuse('its state is not a record');
  return {
    state: state as State,
    // Of the dtypes that numbers of a run have: `isEntry` has refused others.
    tensors: Object.fromEntries([...tensors].filter(([name]) => !name.startsWith('state/'))) as Checkpoint['tensors'],
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new CheckpointError('This checkpoint holds text that is not JSON. Use an earlier checkpoint.', {
      cause: error,
    });
  }
}

function isEntry(name: string, entry: unknown, available: number): entry is Entry {
  if (typeof entry !== 'object' || entry === null) return false;
  const { dtype, shape, data_offsets: offsets } = entry as Partial<Entry>;
  const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof dtype !== 'string' || !Object.hasOwn(arrayClasses, dtype)) return false;
  if (!name.startsWith('state/') && dtype !== 'F32' && dtype !== 'I32') return false;
  if (!Array.isArray(shape) || !shape.every(whole)) return false;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole)) return false;
  const [from, to] = offsets as [number, number];
  return from <= to && to <= available && to - from === arrayClasses[dtype].BYTES_PER_ELEMENT * sizeOf(shape);
}

/** Whether tensors cover the data without holes and overlaps, as the format demands. */
function fill(entries: readonly (readonly [string, Entry])[], length: number): boolean {
  const ranges = entries.map(([, { data_offsets: offsets }]) => offsets).sort(([a, b], [c, d]) => a - c || b - d);
  let end = 0;
  for (const [from, to] of ranges) {
    if (from !== end) return false;
    end = to;
  }
  return end === length;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function digest(bytes: Uint8Array): Promise<string> {
  const { process, crypto } = globalThis as { process?: NodeProcess; crypto?: { subtle?: SubtleCrypto } };
  // Under Node the function below takes at most 256 MiB.
  const hash = process?.getBuiltinModule?.('node:crypto')?.createHash?.('sha256');
  if (hash !== undefined) {
    for (let from = 0; from < bytes.length; from += hashedAtOnce)
      hash.update(bytes.subarray(from, from + hashedAtOnce));
    return hash.digest('hex');
  }
  if (crypto?.subtle === undefined) {
    throw new CheckpointError(
      'Checkpoints carry a SHA-256, which browsers compute only in pages that came by https or from localhost; this page came ' +
        'by plain http. Serve it by https.',
    );
  }
  const found = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(found)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const hashedAtOnce = 2 ** 28;

/** What is used of Node where it is there; core has no types of it. */
interface NodeProcess {
  getBuiltinModule?(name: 'node:crypto'): {
    createHash?(name: 'sha256'): { update(bytes: Uint8Array): unknown; digest(as: 'hex'): string };
  };
}

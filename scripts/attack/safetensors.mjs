// Checkpoints and models taken apart and put together again, with a checksum that fits whatever was changed.
import { createHash } from 'node:crypto';
import { toJson } from './strange.mjs';

const beginning = '{"__metadata__":{"sha256":"';

/**
 * @typedef {object} Tensors
 * @property {any} state plain data, keys as they were before they were written
 * @property {Record<string, any>} entries of tensors: dtype, shape, data_offsets
 * @property {string} version
 * @property {Buffer} data
 */

/**
 * @param {Buffer} bytes
 * @returns {Tensors}
 */
export function takeApart(bytes) {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  const data = Buffer.from(bytes.subarray(start));
  return {
    state: withKeys(JSON.parse(metadata.polytask), (key) => key.slice(1)),
    entries,
    version: metadata.version,
    data,
  };
}

/**
 * @param {Tensors} parts
 * @param {{ headerLength?: bigint }} [lies] what the first eight bytes say, if not the truth
 */
export function putTogether({ state, entries, version, data }, { headerLength } = {}) {
  const polytask = toJson(withKeys(state, (key) => `.${key}`));
  const metadata = JSON.stringify({ sha256: '0'.repeat(64), version, polytask });
  const rest = toJson(entries ?? null)
    .replace(/^\{/, ',')
    .replace(/^,\}$/, '}');
  const header = Buffer.from(`{"__metadata__":${metadata}${rest}`);
  const padded = Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8, 0x20)]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerLength ?? BigInt(padded.length));
  return seal(Buffer.concat([length, padded, data]));
}

/**
 * Writes the checksum that fits, so that a change is not stopped at the first gate.
 * @param {Buffer} bytes
 */
export function seal(bytes) {
  const from = 8 + beginning.length;
  if (bytes.length < from + 64) return bytes;
  bytes.fill(0x30, from, from + 64);
  bytes.write(createHash('sha256').update(bytes).digest('hex'), from, 'latin1');
  return bytes;
}

/**
 * Every key of a record through a function; references to tensors and spelt numbers are left as they are.
 * @param {any} value
 * @param {(key: string) => string} rename
 * @returns {any}
 */
function withKeys(value, rename) {
  if (Array.isArray(value)) return value.map((item) => withKeys(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  if ('$number' in value || '$tensor' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), withKeys(item, rename)]));
}

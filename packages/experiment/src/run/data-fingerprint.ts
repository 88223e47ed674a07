import { createHash, type Hash } from 'node:crypto';
import type { HostTensor, MultiTaskDataset } from '@polytask/core';

/**
 * Identifies the contents of a data set: a SHA-256 over all rows in their order, unless the data set knows one.
 *
 * @returns `sha256:` and hexadecimal digits.
 */
export async function fingerprintOf(dataset: MultiTaskDataset): Promise<string> {
  if (dataset.fingerprint !== undefined) return dataset.fingerprint;
  const { inputs, columns, size, sources } = dataset;
  const hash = createHash('sha256').update(JSON.stringify({ inputs, columns, size, sources }));
  const cursor = dataset.open({ batchSize: Math.max(1, Math.min(rowsAtOnce, size)) });
  cursor.seek(0, 0);
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
    addAll(hash, batch.inputs);
    addAll(hash, batch.columns);
    addAll(hash, batch.sampleWeights);
    addAll(hash, batch.ids);
  }
  return `sha256:${hash.digest('hex')}`;
}

const rowsAtOnce = 1024;

function addAll(hash: Hash, arrays: { readonly [name: string]: HostTensor | Float32Array | Int32Array }): void {
  for (const name of Object.keys(arrays).sort()) {
    const array = arrays[name] as HostTensor | Float32Array | Int32Array;
    const data = 'data' in array ? array.data : array;
    hash.update(`${name} ${data.constructor.name} ${data.length};`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}

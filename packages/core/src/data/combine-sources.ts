import type { RawBatch } from '../contracts/dataset.js';
import { type HostTensor, sizeOf } from '../contracts/tensors.js';

/** One source's part of a batch. */
export interface SourceRows {
  /** `size` rows of the source; with `size` 0, arrays of no rows or of one placeholder row. */
  readonly raw: RawBatch;
  /** The one column that this source labels. */
  readonly column: string;
  /** What to add to the source's ids to tell them from other sources'. */
  readonly idOffset: number;
}

/**
 * One batch of sources with the same inputs: rows one source after another. A column is missing in the rows of all
 * sources but its own. Ids are the source's plus its offset, for every column.
 */
export function stackSources(sources: readonly SourceRows[]): RawBatch {
  const raws = sources.map(({ raw }) => raw);
  const size = raws.reduce((total, raw) => total + raw.size, 0);
  const ids = new Int32Array(size);
  const rowSource = new Int32Array(size);
  const columns: Record<string, HostTensor> = {};
  const sampleWeights: Record<string, Float32Array> = {};
  const idsByColumn: Record<string, Int32Array> = {};
  let start = 0;
  sources.forEach(({ raw, column, idOffset }, s) => {
    const own = raw.ids[column] as Int32Array;
    for (let row = 0; row < raw.size; row++) ids[start + row] = (own[row] as number) + idOffset;
    rowSource.fill(s, start, start + raw.size);
    columns[column] = padRows(raw.columns[column] as HostTensor, start, size);
    const weights = raw.sampleWeights[column];
    if (weights !== undefined) {
      const padded = new Float32Array(size).fill(1);
      padded.set(weights, start);
      sampleWeights[column] = padded;
    }
    idsByColumn[column] = ids;
    start += raw.size;
  });
  const names = Object.keys(raws[0]?.inputs ?? {});
  const inputs = Object.fromEntries(
    names.map((name) => [name, stackRows(raws.map((raw) => raw.inputs[name] as HostTensor))]),
  );
  return { size, inputs, columns, sampleWeights, ids: idsByColumn, rowSource };
}

/**
 * One batch of sources with inputs of their own, side by side: every array keeps its source's number of rows. A source
 * without a row is there with its placeholder, whose label is missing and whose id is −1.
 */
export function setSourcesSideBySide(sources: readonly SourceRows[]): RawBatch {
  const inputs: Record<string, HostTensor> = {};
  const columns: Record<string, HostTensor> = {};
  const sampleWeights: Record<string, Float32Array> = {};
  const ids: Record<string, Int32Array> = {};
  let size = 0;
  for (const { raw, column } of sources) {
    Object.assign(inputs, raw.inputs);
    const labels = raw.columns[column] as HostTensor;
    columns[column] = raw.size === 0 ? { ...labels, data: missing(labels.data, labels.data.length) } : labels;
    ids[column] = raw.size === 0 ? Int32Array.of(-1) : (raw.ids[column] as Int32Array);
    const weights = raw.sampleWeights[column];
    if (weights !== undefined) sampleWeights[column] = weights;
    size += raw.size;
  }
  return { size, inputs, columns, sampleWeights, ids };
}

/** `length` missing labels of the same type as `like`: NaN or −1. */
function missing(like: Float32Array | Int32Array, length: number): Float32Array | Int32Array {
  return like instanceof Int32Array ? new Int32Array(length).fill(-1) : new Float32Array(length).fill(Number.NaN);
}

function padRows(labels: HostTensor, start: number, rows: number): HostTensor {
  const rowShape = labels.shape.slice(1);
  const width = sizeOf(rowShape);
  const data = missing(labels.data, rows * width);
  data.set(labels.data, start * width);
  return { data, shape: [rows, ...rowShape] };
}

function stackRows(parts: readonly HostTensor[]): HostTensor {
  const length = parts.reduce((total, part) => total + part.data.length, 0);
  const rows = parts.reduce((total, part) => total + (part.shape[0] as number), 0);
  const first = parts[0] as HostTensor;
  const data = first.data instanceof Int32Array ? new Int32Array(length) : new Float32Array(length);
  let start = 0;
  for (const part of parts) {
    data.set(part.data, start);
    start += part.data.length;
  }
  return { data, shape: [rows, ...first.shape.slice(1)] };
}

import { readFile, stat } from 'node:fs/promises';
import {
  type Cursor,
  type CursorOptions,
  DatasetError,
  type HostTensor,
  type InputSpecs,
  type MultiTaskDataset,
  type RawBatch,
  requireOption,
  type StoredLabels,
  type StreamKey,
  type TableDataset,
  tableDataset,
  UnknownNameError,
} from '@polytask/core';
import { idFile, labelFile, type RowLayout, wordsOf } from './row-file.js';
import { rowReader } from './row-file-reader.js';
import type { Blocks } from './row-order.js';

/** Rows in a file. */
export interface RowFile {
  readonly path: string;
  readonly rows: number;
  readonly layout: RowLayout;
  /** Inputs `numbers` and `categories`, those of them that the layout has. */
  readonly inputs: InputSpecs;
  /** Names of the label columns. */
  readonly columns: readonly string[];
}

/** A data set that reads its rows from disk, a part at a time. */
export interface StreamedDataset extends MultiTaskDataset {
  /** All labels of a column, in the order of the file. */
  labels(column: string): Promise<StoredLabels>;
}

/** Bytes that are read at once, and bytes of rows that are mixed with each other in memory. */
export interface WindowSize {
  readonly block: number;
  readonly window: number;
}

const usual: WindowSize = { block: 1 << 20, window: 32 << 20 };

/** The rows of a file in memory: every order of the rows is as likely as any other. */
export async function loadRowFile({ path, rows, layout, inputs, columns }: RowFile): Promise<TableDataset> {
  await requireSize(path, rows, layout);
  const { buffer, byteOffset, byteLength } = await readFile(path);
  const aligned = byteOffset % 4 === 0 ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  const start = byteOffset % 4 === 0 ? byteOffset : 0;
  const views = {
    floats: new Float32Array(aligned, start, byteLength / 4),
    ints: new Int32Array(aligned, start, byteLength / 4),
  };
  const gather = gatherer(layout, rows, columns);
  const words = wordsOf(layout);
  for (let row = 0; row < rows; row++) gather.take(row, views, row * words);
  const { numbers, categories } = gather.batch.inputs;
  const spec = inputs.categories;
  return tableDataset({
    inputs: {
      ...(numbers === undefined ? {} : { numbers: numbers as { data: Float32Array; shape: readonly number[] } }),
      ...(categories === undefined
        ? {}
        : {
            categories: {
              data: categories.data as Int32Array,
              shape: categories.shape,
              categories: spec?.categories ?? [],
            },
          }),
    },
    columns: gather.batch.columns,
    ids: gather.ids,
  });
}

/** The rows of a file as a stream. */
export async function streamRowFile(file: RowFile, { block, window }: WindowSize = usual): Promise<StreamedDataset> {
  const { path, rows, layout, inputs, columns } = file;
  await requireSize(path, rows, layout);
  const perBlock = Math.max(1, Math.floor(block / (4 * wordsOf(layout))));
  const perWindow = Math.max(1, Math.floor(window / block));
  const blocks: Blocks = { rows, perBlock, perWindow };
  const batches = (options: Pick<CursorOptions, 'batchSize' | 'lastBatch'>) => countBatches(rows, options);
  return {
    inputs,
    columns,
    size: rows,
    sources: [{ name: 'table', rows }],
    batches,
    open: (options) => rowFileCursor(file, blocks, batches(options), options),
    async labels(column) {
      const index = columns.indexOf(column);
      if (index < 0) throw new UnknownNameError('column', column, columns);
      const [bytes, ids] = await Promise.all([readFile(labelFile(path, index)), readFile(idFile(path))]);
      const Numbers = layout.labels[index] === 'float32' ? Float32Array : Int32Array;
      const copied = (buffer: Buffer) => new Uint8Array(buffer).buffer;
      return {
        targets: { data: new Numbers(copied(bytes)), shape: [rows] },
        ids: new Int32Array(copied(ids)),
      };
    },
  };
}

function rowFileCursor(file: RowFile, blocks: Blocks, batches: number, options: CursorOptions): Cursor {
  const { batchSize, shuffleSeed } = options;
  if (batches === 0) {
    throw new DatasetError(
      `An epoch must have a batch, but the data set has ${file.rows} rows, fewer than batchSize ${batchSize}, and ` +
        "lastBatch is 'drop'. Lower batchSize, or keep the last batch.",
    );
  }
  const reader = rowReader(file.path, file.layout, blocks, shuffleSeed);
  let epoch = 0;
  let batch = 0;
  const seek = (toEpoch: number, toBatch: number) => {
    const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
    requireOption(isCount(toEpoch), 'epoch', 'a whole number from 0', toEpoch);
    requireOption(isCount(toBatch), 'batch', 'a whole number from 0', toBatch);
    epoch = toEpoch;
    batch = toBatch;
  };
  const { perBlock, perWindow } = blocks;
  return {
    seek,
    next() {
      if (batch >= batches) return null;
      const from = batch * batchSize;
      const count = Math.min(batchSize, file.rows - from);
      // Counted when it is taken: what is read ahead is no part of the position.
      batch += 1;
      return readBatch(file, reader, [epoch], from, count);
    },
    position: () => ({ epoch, batch, perBlock, perWindow }),
    seekTo(position) {
      if (position.perBlock !== perBlock || position.perWindow !== perWindow) {
        throw new DatasetError(
          `A saved position must be of an order with ${perBlock} rows per block and ${perWindow} blocks per window, but is of ` +
            `one with ${position.perBlock} and ${position.perWindow}. Resume with the data that the run was started with.`,
        );
      }
      seek(position.epoch as number, position.batch as number);
    },
  };
}

function readBatch(
  file: RowFile,
  reader: ReturnType<typeof rowReader>,
  key: StreamKey,
  from: number,
  count: number,
): RawBatch | Promise<RawBatch> {
  const { batch, take } = gatherer(file.layout, count, file.columns);
  const reading = reader.read(key, from, count, take);
  return reading === undefined ? batch : reading.then(() => batch);
}

/** A batch of `size` rows, and what fills it row by row from words in memory. */
function gatherer(layout: RowLayout, size: number, columns: readonly string[]) {
  const { numbers: width, ids: idCount, labels } = layout;
  const words = wordsOf(layout);
  const numbers = new Float32Array(size * width);
  const categories = new Int32Array(size * idCount);
  const targets = labels.map((dtype) => (dtype === 'float32' ? new Float32Array(size) : new Int32Array(size)));
  const ids = new Int32Array(size);
  const inputs: Record<string, HostTensor> = {};
  if (width > 0) inputs.numbers = { data: numbers, shape: [size, width] };
  if (idCount > 0) inputs.categories = { data: categories, shape: [size, idCount] };
  const batch: RawBatch = {
    size,
    inputs,
    columns: Object.fromEntries(columns.map((name, l) => [name, { data: targets[l] as Float32Array, shape: [size] }])),
    sampleWeights: {},
    ids: Object.fromEntries(columns.map((name) => [name, ids])),
  };
  const take = (row: number, { floats, ints }: { floats: Float32Array; ints: Int32Array }, at: number) => {
    if (width > 0) numbers.set(floats.subarray(at, at + width), row * width);
    for (let i = 0; i < idCount; i++) categories[row * idCount + i] = ints[at + width + i] as number;
    for (let l = 0; l < targets.length; l++) {
      const place = at + width + idCount + l;
      const target = targets[l] as Float32Array | Int32Array;
      target[row] = (target instanceof Float32Array ? floats[place] : ints[place]) as number;
    }
    ids[row] = ints[at + words - 1] as number;
  };
  return { batch, ids, take };
}

/** A file that was cut short is no reason to give wrong rows. */
async function requireSize(path: string, rows: number, layout: RowLayout): Promise<void> {
  const { size } = await stat(path);
  const wanted = rows * wordsOf(layout) * 4;
  if (size === wanted) return;
  throw new DatasetError(
    `The cached rows ${path} must have ${wanted} bytes, but have ${size}. Remove the folder; it is made again.`,
  );
}

function countBatches(rows: number, { batchSize, lastBatch = 'keep' }: Pick<CursorOptions, 'batchSize' | 'lastBatch'>) {
  requireOption(Number.isInteger(batchSize) && batchSize > 0, 'batchSize', 'a positive whole number', batchSize);
  requireOption(lastBatch === 'keep' || lastBatch === 'drop', 'lastBatch', "'keep' or 'drop'", lastBatch);
  return lastBatch === 'keep' ? Math.ceil(rows / batchSize) : Math.floor(rows / batchSize);
}

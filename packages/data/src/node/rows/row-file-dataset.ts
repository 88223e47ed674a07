import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import {
  type Cursor,
  type CursorOptions,
  DatasetError,
  requireOption,
  type StoredLabels,
  type TableDataset,
  tableDataset,
  UnknownNameError,
} from '@polytask/core';
import { readRegularFile } from '@polytask/core/node';
import type { StreamedDataset } from '../../sampling/streamed-dataset.js';
import { drawRows } from './draw-rows.js';
import {
  idFile,
  type LabelLayout,
  labelFile,
  type RowFile,
  type RowLayout,
  type Stratum,
  usualNames,
  weightFile,
  wordsOf,
} from './row-file.js';
import { gatherer, labelShape } from './row-gatherer.js';
import { type BlockSize, orderedStrata, sharesOf } from './row-strata.js';

/** Bytes that are read at once, and bytes of rows that are mixed with each other in memory. */
export interface WindowSize {
  readonly block: number;
  readonly window: number;
}

const usual: WindowSize = { block: 1 << 20, window: 32 << 20 };
/** Smaller blocks take longer to ask for than to read. */
const leastBlock = 1 << 14;

/** The rows of a file in memory: every order of the rows is as likely as any other. */
export async function loadRowFile(file: RowFile): Promise<TableDataset> {
  const { path, rows, layout, inputs, columns, weights } = file;
  await requireSize(path, rows, layout);
  const { buffer, byteOffset, byteLength } = await readRegularFile(path, { most: Number.POSITIVE_INFINITY });
  const aligned = byteOffset % 4 === 0 ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  const start = byteOffset % 4 === 0 ? byteOffset : 0;
  const views = {
    floats: new Float32Array(aligned, start, byteLength / 4),
    ints: new Int32Array(aligned, start, byteLength / 4),
  };
  const gather = gatherer(layout, rows, columns, weights);
  const words = wordsOf(layout);
  gather.take(
    0,
    views,
    Uint32Array.from({ length: rows }, (_, row) => row * words),
  );
  const { names = usualNames } = layout;
  const [numbers, categories] = [gather.batch.inputs[names.numbers], gather.batch.inputs[names.categories]];
  const spec = inputs[names.categories];
  const dataset = tableDataset({
    inputs: {
      ...(numbers === undefined
        ? {}
        : { [names.numbers]: numbers as { data: Float32Array; shape: readonly number[] } }),
      ...(categories === undefined
        ? {}
        : {
            [names.categories]: {
              data: categories.data as Int32Array,
              shape: categories.shape,
              categories: spec?.categories ?? [],
            },
          }),
    },
    columns: gather.batch.columns,
    sampleWeights: gather.batch.sampleWeights,
    ids: gather.ids,
  });
  return file.fingerprint === undefined ? dataset : { ...dataset, fingerprint: file.fingerprint };
}

/** The rows of a file as a stream. */
export async function streamRowFile(file: RowFile, size: WindowSize = usual): Promise<StreamedDataset> {
  const { path, rows, layout, inputs, columns, streams = 1 } = file;
  await requireSize(path, rows, layout);
  const strata = file.strata ?? [{ first: 0, rows, times: 1 }];
  const { block, window } = size;
  // Strata and data sets that are read at the same time share the memory.
  const bytes = Math.max(block / (streams * strata.length), Math.min(block, leastBlock));
  const perBlock = Math.max(1, Math.floor(bytes / (4 * wordsOf(layout))));
  const blocks = { perBlock, perWindow: Math.max(1, Math.floor(window / block)) };
  const perEpoch = sharesOf(strata).reduce((sum, share) => sum + share, 0);
  const batches = (options: Pick<CursorOptions, 'batchSize' | 'lastBatch'>) => countBatches(perEpoch, options);
  const whole = { ...file, strata };
  return {
    inputs,
    columns,
    size: perEpoch,
    sources: [{ name: 'table', rows: perEpoch }],
    idLimit: file.idLimit,
    ...(file.fingerprint === undefined ? {} : { fingerprint: file.fingerprint }),
    batches,
    open: (options) => rowFileCursor(whole, perEpoch, blocks, batches(options), options),
    orderedRows: (shuffleSeed) => orderedStrata(whole, blocks, shuffleSeed),
    labels: (column) => readLabels(whole, column),
    async draw({ codes, times, streams: together = 1 }) {
      const drawn = await drawRows(whole, { codes, times });
      const { fingerprint } = file;
      const how = createHash('sha256').update(JSON.stringify([fingerprint, drawn.path === path, drawn.strata]));
      const named = fingerprint && { fingerprint: `sha256:${how.update(new Uint8Array(codes.buffer)).digest('hex')}` };
      return streamRowFile({ ...drawn, ...named, streams: streams * together }, size);
    },
  };
}

async function readLabels(
  file: RowFile & { readonly strata: readonly Stratum[] },
  column: string,
): Promise<StoredLabels> {
  const { path, rows, layout, columns, weights, strata } = file;
  const index = columns.indexOf(column);
  if (index < 0) throw new UnknownNameError('column', column, columns);
  const bytesOf = async (name: string) =>
    new Uint8Array(await readRegularFile(name, { most: Number.POSITIVE_INFINITY })).buffer;
  const label = layout.labels[index] as LabelLayout;
  const Numbers = label.dtype === 'float32' ? Float32Array : Int32Array;
  const targets = new Numbers(await bytesOf(labelFile(path, index)));
  const ids = new Int32Array(await bytesOf(idFile(path)));
  const weight = weights[column];
  const isPlain = strata.every(({ times }) => times === 1);
  if (weight === undefined && isPlain) return { targets: { data: targets, shape: labelShape(label, rows) }, ids };
  const all =
    weight === undefined ? new Float32Array(rows).fill(1) : new Float32Array(await bytesOf(weightFile(path, weight)));
  for (const { first, rows: count, times } of strata) {
    for (let row = first; row < first + count; row++) all[row] = (all[row] as number) * times;
  }
  return { targets: { data: targets, shape: labelShape(label, rows) }, ids, weights: all };
}

function rowFileCursor(
  file: RowFile & { readonly strata: readonly Stratum[] },
  rows: number,
  blocks: BlockSize,
  batches: number,
  { batchSize, shuffleSeed, reuse }: CursorOptions,
): Cursor {
  if (batches === 0) {
    throw new DatasetError(
      `An epoch must have a batch, but the data set has ${rows} rows, fewer than batchSize ${batchSize}, and ` +
        "lastBatch is 'drop'. Lower batchSize, or keep the last batch.",
    );
  }
  const ordered = orderedStrata(file, blocks, shuffleSeed, reuse);
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
      const count = Math.min(batchSize, rows - from);
      // Counted when it is taken: what is read ahead is no part of the position.
      batch += 1;
      return ordered.take([epoch], from, count);
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

import type { Batch } from '../contracts/batch.js';
import type { ParameterLayout } from '../contracts/parameters.js';
import { type HostTensor, sizeOf } from '../contracts/tensors.js';
import { gatherRows } from '../data/stored-array.js';
import { requireOption } from '../errors/invalid-option-error.js';
import type { Balancing } from '../model/model-parts.js';
import { joinBatches } from './batch-parts.js';
import type { FitOptions } from './fit-options.js';

/** A batch that is divided for a balancing which compares parts of it. */
export interface SplitBatch {
  /** What the programs run on one after another, as of a batch whose gradients are accumulated. */
  readonly batch: Batch & { readonly parts: readonly Batch[] };
  /** For each of these pieces, the part that it belongs to. */
  readonly partOf: readonly number[];
  /** How many parts there are. */
  readonly count: number;
}

/**
 * Deals the rows of a batch out by turns: row r goes to part r mod n. So parts differ by one row at most, rows that lie together, such as
 * those of one task's data set, are in all of them, and batches that are accumulated are divided as one batch of all rows would be.
 *
 * @param wanted - How many parts. A batch of fewer rows has fewer.
 * @param rowsAtLeast - Of every piece; see {@link rowsAtLeast}.
 */
export function splitBatch(batch: Batch, wanted: number, rowsAtLeast: number): SplitBatch {
  const batches = batch.parts ?? [batch];
  const most = rowsAtLeast === 1 ? batch.size : Math.floor(Math.min(batch.size, fewestRows(batches)) / rowsAtLeast);
  const count = Math.max(1, Math.min(wanted, most));
  const pieces: Batch[] = [];
  const partOf: number[] = [];
  const dealt = new Map<string, number>();
  for (const one of batches) {
    for (let part = 0; part < count; part++) {
      const piece = pieceOf(one, (array, rows) => byTurns(rows, count, part - (dealt.get(array) ?? 0)));
      if (piece === undefined) continue;
      pieces.push(piece);
      partOf.push(part);
    }
    for (const [array, rows] of rowsByArray(one)) dealt.set(array, ((dealt.get(array) ?? 0) + rows) % count);
  }
  const joined = joinBatches(pieces);
  return { batch: { ...joined, parts: joined.parts ?? pieces }, partOf, count };
}

/** How many rows a piece of a batch needs: two where a layer normalises over rows, since one less its own mean is 0. */
export function rowsAtLeast({ stateSegments }: Pick<ParameterLayout, 'stateSegments'>): 1 | 2 {
  return stateSegments.some(({ overRows }) => overRows) ? 2 : 1;
}

/**
 * Refuses a gradient balancing that divides batches into more `parts` than they have rows for: a part has one at least, and two where a
 * layer normalises over rows. `fit` asks it, and so may those who know a run before it trains.
 *
 * @param layout - The model's.
 * @param balancing - Of any kind; only those that ask for parts are looked at.
 * @param rows - Rows of an epoch.
 * @param options - As those of `fit`.
 * @throws `POLYTASK_INVALID_OPTION` (`parts`).
 * @example
 * ```ts
 * import { requireParts } from '@polytask/core';
 * import { ntkMtl } from '@polytask/task-weighting';
 *
 * requireParts({ stateSegments: [] }, ntkMtl({ parts: 4 }), 1000, { batchSize: 32 });
 * try {
 *   requireParts({ stateSegments: [] }, ntkMtl({ parts: 4 }), 1000, { batchSize: 2 });
 * } catch (error) {
 *   console.log((error as Error).message);
 *   // => Option `parts` must be at most 2 with 2 rows in a batch, but is 4. Take fewer parts, or more rows (`batchSize`).
 * }
 * ```
 */
export function requireParts(
  layout: Pick<ParameterLayout, 'stateSegments'>,
  balancing: Balancing,
  rows: number,
  { batchSize = 32, accumulate = 1 }: Pick<FitOptions, 'batchSize' | 'accumulate'>,
): void {
  const { parts = 1 } = balancing.kind === 'gradient-balancing' ? balancing : {};
  if (parts === 1) return;
  const each = rowsAtLeast(layout);
  const ofStep = each === 1 ? batchSize * accumulate : batchSize;
  const found = Math.min(rows, ofStep);
  const why = each === 1 ? '' : ', of which batch normalisation needs two in every part';
  const required = `at most ${Math.floor(found / each)} with ${found} rows in a batch${why}`;
  requireOption(parts * each <= found, 'parts', required, parts, 'Take fewer parts, or more rows (`batchSize`).');
}

/** Rows of the smallest array of these batches. A single row may be there without a label for a task that has none. */
function fewestRows(batches: readonly Batch[]): number {
  const rows = batches.flatMap((batch) => rowsByArray(batch).map(([, count]) => count));
  return Math.min(...rows.filter((count) => count > 1));
}

/** Rows of all arrays of a batch by what they are; `''` stands for the rows of the batch itself. */
function rowsByArray({ size, inputs, weights }: Batch): (readonly [string, number])[] {
  return [
    ['', size],
    ...Object.entries(inputs).map(([name, { shape }]) => [`input/${name}`, shape[0] as number] as const),
    ...Object.entries(weights).map(([name, { length }]) => [`task/${name}`, length] as const),
  ];
}

/** Every `count`-th row, the first of them `first`, which is taken modulo `count`. */
function byTurns(rows: number, count: number, first: number): number[] {
  const from = (first + count) % count;
  return Array.from({ length: Math.max(0, Math.ceil((rows - from) / count)) }, (_, i) => from + i * count);
}

/** Some rows of a batch; undefined where these are none. */
function pieceOf(batch: Batch, choose: (array: string, rows: number) => number[]): Batch | undefined {
  const chosen = new Map(rowsByArray(batch).map(([array, rows]) => [array, choose(array, rows)] as const));
  if ([...chosen.values()].every((rows) => rows.length === 0)) return undefined;
  const some = (array: string) => (chosen.get(array) as number[]).length > 0;
  // No tensor may be empty: a task of too few rows is there with one of them, without its label.
  const of = (array: string) => (some(array) ? (chosen.get(array) as number[]) : [0]);
  const { inputs, targets, weights, ids, rowTask } = batch;
  const own = chosen.get('') as number[];
  return {
    size: own.length,
    inputs: mapped(inputs, (tensor, name) => gathered(tensor, of(`input/${name}`))),
    targets: mapped(targets, (tensor, name) => gathered(tensor, of(`task/${name}`))),
    weights: mapped(weights, (all, name) =>
      Float32Array.from(of(`task/${name}`), (row) => (some(`task/${name}`) ? (all[row] as number) : 0)),
    ),
    ids: mapped(ids, (all, name) => Int32Array.from(of(`task/${name}`), (row) => all[row] as number)),
    ...(rowTask !== undefined && { rowTask: Int32Array.from(own, (row) => rowTask[row] as number) }),
  };
}

function gathered({ data, shape }: HostTensor, rows: readonly number[]): HostTensor {
  const rowShape = shape.slice(1);
  return gatherRows({ data, rowShape, width: sizeOf(rowShape), scale: 1 }, rows);
}

function mapped<Value, Result>(
  values: { readonly [name: string]: Value },
  of: (value: Value, name: string) => Result,
): { readonly [name: string]: Result } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value, name)]));
}

import { concat, joined, reshaped } from '../ir/concat.js';
import type { Graph } from '../ir/graph.js';
import { product } from '../ir/product.js';
import { type NodeValue, sameShape, sizeOf, type Value } from '../ir/value.js';
import { rebuild } from './rebuild.js';

/*
 * Matrices J whose rows are gradients: every row is the gradient of one task, laid one parameter after the other. The gradient
 * of a weight matrix is a product AᵀD of a layer's inputs A [B, m], which all tasks have in common, and of what came back to its
 * outputs, D [B, n], each task's own. That is mn numbers made of far fewer, and what is wanted of J needs just those:
 *   J Lᵀ: ⟨AᵀD, BᵀE⟩ = ⟨D, (A Bᵀ) E⟩        w J: Σ w AᵀD = Aᵀ Σ w D
 */

/** Columns of a stacked matrix that belong together. */
export interface Piece {
  readonly size: number;
  /** For every row the value whose numbers stand in these columns, in their order. */
  readonly rows: readonly Value[];
  /** Where every row is a product `AᵀD` (or zeros) with the same A, and A and the D's are fewer numbers than the rows. */
  readonly factors?: Factors;
}

/** Rows `AᵀD`. */
export interface Factors {
  /** `[B, m]` */
  readonly common: Value;
  /** `[B, n]` for every row. */
  readonly own: readonly Value[];
}

/** Outputs in which `J Lᵀ` and `w J` are computed without J and L, where these have pieces that are cheaper in factors. */
export function withFactors(graph: Graph, outputs: ReadonlyMap<string, Value>): Map<string, Value> {
  return rebuild(graph, outputs, ({ op, attributes }, [a, b]) => {
    if (op !== 'BatchMatMul' || attributes.transposeA === true) return undefined;
    if (attributes.transposeB !== true) return weightedRows(graph, a as Value, b as Value);
    return products(graph, a as Value, b as Value);
  });
}

/** The pieces of a matrix `[K, columns]` that was stacked from rows, each made of the same pieces. */
export function piecesOf(graph: Graph, matrix: Value): readonly Piece[] | undefined {
  if (matrix.shape.length !== 2 || matrix.dtype !== 'float32') return undefined;
  if (matrix.kind === 'node' && matrix.op === 'Slice') return piecesOfColumns(graph, matrix);
  const [count, columns] = matrix.shape as [number, number];
  const whole = joined(matrix);
  if (whole === undefined || count < 2) return undefined;
  const rows = splitRows(whole, count, columns);
  if (rows === undefined) return undefined;
  const cuts = [...new Set(rows.flatMap((row) => row.map(({ end }) => end)))].sort((a, b) => a - b);
  const pieces: Piece[] = [];
  let start = 0;
  for (const end of cuts) {
    const size = end - start;
    const found: Value[] = [];
    for (const row of rows) {
      const part = row.find((one) => one.end >= end) as Part;
      if (part.end - sizeOf(part.value.shape) === start && part.end === end) found.push(part.value);
      // Zeros may stand for several parameters at once.
      else if (part.value.kind === 'uniform') found.push(graph.uniform(part.value.fill, [size], 'float32'));
      else return undefined;
    }
    const factors = factorsOf(graph, found, size);
    pieces.push({ size, rows: found, ...(factors && { factors }) });
    start = end;
  }
  return pieces;
}

/** Pieces of some columns of a stacked matrix, where no piece is cut. */
function piecesOfColumns(graph: Graph, slice: NodeValue): readonly Piece[] | undefined {
  const source = slice.inputs[0] as Value;
  const [row, column] = slice.attributes.begin as [number, number];
  if (row !== 0 || slice.shape[0] !== source.shape[0]) return undefined;
  let start = 0;
  const last = column + (slice.shape[1] as number);
  const found: Piece[] = [];
  for (const piece of piecesOf(graph, source) ?? []) {
    if (start >= column && start + piece.size <= last) found.push(piece);
    start += piece.size;
  }
  const covered = found.reduce((sum, { size }) => sum + size, 0);
  return covered === slice.shape[1] ? found : undefined;
}

/** Part of a row, and the column behind it. */
interface Part {
  readonly value: Value;
  readonly end: number;
}

function splitRows(whole: NodeValue, count: number, columns: number): readonly (readonly Part[])[] | undefined {
  const rows: Part[][] = [];
  let row: Part[] = [];
  let end = 0;
  for (const value of whole.inputs) {
    end += sizeOf(value.shape);
    if (end > columns) return undefined;
    row.push({ value, end });
    if (end < columns) continue;
    rows.push(row);
    row = [];
    end = 0;
  }
  return rows.length === count ? rows : undefined;
}

function factorsOf(graph: Graph, rows: readonly Value[], size: number): Factors | undefined {
  let common: Value | undefined;
  const own: (Value | undefined)[] = [];
  for (const row of rows) {
    if (row.kind === 'uniform' && row.fill === 0) {
      own.push(undefined);
      continue;
    }
    const product = reshaped(row);
    if (product.kind !== 'node' || product.op !== 'BatchMatMul' || product.shape.length !== 2) return undefined;
    const { transposeA, transposeB } = product.attributes as { transposeA: boolean; transposeB: boolean };
    const [a, d] = product.inputs as [Value, Value];
    if (!transposeA || transposeB || (common ?? a) !== a) return undefined;
    common = a;
    own.push(d);
  }
  const shape = own.find((one) => one !== undefined)?.shape;
  if (common === undefined || shape === undefined) return undefined;
  if (sizeOf(common.shape) + rows.length * sizeOf(shape) >= rows.length * size) return undefined;
  return { common, own: own.map((one) => one ?? graph.uniform(0, shape, 'float32')) };
}

/** Neighbouring columns that have no factors, as one piece, and how many columns each of them has. */
export interface Run extends Piece {
  readonly sizes: readonly number[];
}

/** Pieces, those without factors joined with their neighbours: what is done with them is then done once. */
export function runsOf(graph: Graph, pieces: readonly Piece[]): readonly Run[] {
  const runs: Piece[][] = [];
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (last !== undefined && !last[0]?.factors && !piece.factors) last.push(piece);
    else runs.push([piece]);
  }
  return runs.map((members) => {
    const [first] = members as [Piece];
    const sizes = members.map(({ size }) => size);
    if (members.length === 1) return { ...first, sizes };
    return { size: sizes.reduce((sum, size) => sum + size, 0), rows: wholeRows(graph, members), sizes };
  });
}

/** The rows of several pieces, one piece after the other. */
function wholeRows(graph: Graph, pieces: readonly Piece[]): Value[] {
  const [first] = pieces as [Piece];
  return first.rows.map((_, k) =>
    concat(
      graph,
      pieces.map(({ rows }) => graph.reshape(rows[k] as Value, [-1])),
      0,
    ),
  );
}

/** Values with the same number of entries, one below the other: `[K, entries]`. */
export function stacked(graph: Graph, values: readonly Value[]): Value {
  const [first] = values as [Value];
  const size = sizeOf(first.shape);
  const alike = first.shape.length > 0 && values.every(({ shape }) => sameShape(shape, first.shape));
  const rows = alike ? values : values.map((one) => graph.reshape(one, [1, size]));
  return graph.reshape(concat(graph, rows, 0), [values.length, size]);
}

/** `J Lᵀ` without J and L, which may be the same. */
function products(graph: Graph, left: Value, right: Value): Value | undefined {
  const pieces = piecesOf(graph, left);
  const pairs = pieces && pairsOfPieces(pieces, left === right ? pieces : piecesOf(graph, right));
  if (!pairs?.some(([{ factors }]) => factors)) return undefined;
  const [plain = [], otherPlain = []] = ([0, 1] as const).map((side) => {
    const own = pairs.map((pair) => pair[side]);
    return runsOf(graph, own).filter(({ factors }) => !factors);
  });
  const terms = pairs.flatMap(([{ factors }, { factors: others }]) => {
    if (factors === undefined || others === undefined) return [];
    const apart = stacked(graph, factors.own);
    const theirs = left === right ? apart : stacked(graph, others.own);
    const [rows, outputs] = (factors.own[0] as Value).shape as [number, number];
    const [otherRows] = (others.own[0] as Value).shape as [number, number];
    const among = product(graph, factors.common, others.common, false, true);
    const each = graph.reshape(theirs, [others.own.length, otherRows, outputs]);
    const moved = product(graph, among, each, false, false);
    return [product(graph, apart, graph.reshape(moved, [others.own.length, rows * outputs]), false, true)];
  });
  if (plain.length > 0) {
    // One product for all that is left; a row of it is much shorter than one of J.
    const own = stacked(graph, wholeRows(graph, plain));
    terms.push(product(graph, own, left === right ? own : stacked(graph, wholeRows(graph, otherPlain)), false, true));
  }
  return terms.reduce((sum, term) => graph.elementwise('Add', [sum, term], 'float32'));
}

/** Pieces of the same columns of two matrices (or of one twice), in factors where both of them are. */
function pairsOfPieces(
  left: readonly Piece[],
  right: readonly Piece[] | undefined,
): readonly (readonly [Piece, Piece])[] | undefined {
  if (left.length !== right?.length || left.some(({ size }, i) => size !== right[i]?.size)) return undefined;
  return left.map((piece, i) => {
    const other = right[i] as Piece;
    if (alike(piece.factors, other.factors)) return [piece, other];
    return [
      { size: piece.size, rows: piece.rows },
      { size: other.size, rows: other.rows },
    ];
  });
}

/** Whether they are factors of matrices of one shape. */
function alike(a: Factors | undefined, b: Factors | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.common.shape[1] === b.common.shape[1] && a.own[0]?.shape[1] === b.own[0]?.shape[1];
}

/** `w J` for one row of weights, without J. */
function weightedRows(graph: Graph, weights: Value, matrix: Value): Value | undefined {
  if (weights.shape.length !== 2 || weights.shape[0] !== 1) return undefined;
  const pieces = piecesOf(graph, matrix);
  if (!pieces?.some(({ factors }) => factors)) return undefined;
  const parts = runsOf(graph, pieces).map(({ rows, factors }) => {
    if (factors === undefined) return graph.reshape(product(graph, weights, stacked(graph, rows), false, false), [-1]);
    const own = product(graph, weights, stacked(graph, factors.own), false, false);
    const mixed = graph.reshape(own, (factors.own[0] as Value).shape);
    return graph.reshape(product(graph, factors.common, mixed, true, false), [-1]);
  });
  return graph.reshape(concat(graph, parts, 0), [1, matrix.shape[1] as number]);
}

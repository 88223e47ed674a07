import { sizeOf } from '../ir/value.js';
import { type Builder, inverse, keepsOrder, type Operand } from './builder.js';

/** Puts axes of size 1 in front. */
function withRank(builder: Builder, x: Operand, rank: number): Operand {
  if (x.shape.length >= rank) return x;
  return builder.reshape(x, [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape]);
}

/**
 * Computes entry by entry behind the transpositions of operands rather than before them, so that those of neighbouring image
 * operations meet and cancel: f(T x, y) becomes T f(x, T⁻¹ y) where T⁻¹ y costs nothing.
 */
export function behindTranspositions(
  builder: Builder,
  operands: readonly Operand[],
  rank: number,
  compute: (operands: readonly Operand[]) => Operand,
): Operand {
  const permutation = operands.find((one) => one.node?.permutation !== undefined && one.shape.length === rank)?.node
    ?.permutation;
  if (permutation === undefined) return compute(operands);
  const back = inverse(permutation);
  // Images go back to channels first sooner or later, so that for them an operand may even be transposed on purpose.
  let free = isImage(permutation) ? operands.filter((one) => isTransposed(one, permutation, rank)).length : 0;
  const moved: Operand[] = [];
  for (const operand of operands) {
    if (sizeOf(operand.shape) === 1) {
      moved.push(operand.shape.length === 0 ? operand : builder.reshape(operand, []));
      continue;
    }
    if (isTransposed(operand, permutation, rank)) {
      moved.push(operand.node?.inputs[0] as Operand);
      continue;
    }
    const shape = [...new Array<number>(rank - operand.shape.length).fill(1), ...operand.shape];
    if (!keepsOrder(shape, back) && operand.constant === undefined && --free < 0) return compute(operands);
    moved.push(builder.transpose(withRank(builder, operand, rank), back));
  }
  return builder.transpose(compute(moved), permutation);
}

function isTransposed(operand: Operand, permutation: readonly number[], rank: number): boolean {
  const mine = operand.node?.permutation;
  return operand.shape.length === rank && mine !== undefined && mine.every((axis, i) => axis === permutation[i]);
}

function isImage(permutation: readonly number[]): boolean {
  return permutation.join() === '0,2,3,1';
}

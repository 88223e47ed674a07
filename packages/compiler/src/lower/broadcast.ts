import { sizeOf } from '../ir/value.js';
import { type Builder, inverse, keepsOrder, type Operand } from './builder.js';

/** Puts axes of size 1 in front. */
export function withRank(builder: Builder, x: Operand, rank: number): Operand {
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
  const moved: Operand[] = [];
  for (const operand of operands) {
    if (sizeOf(operand.shape) === 1) {
      moved.push(operand.shape.length === 0 ? operand : builder.reshape(operand, []));
      continue;
    }
    const full = operand.shape.length === rank ? operand : undefined;
    const mine = full?.node?.permutation;
    if (mine?.every((axis, i) => axis === permutation[i])) {
      moved.push(full?.node?.inputs[0] as Operand);
      continue;
    }
    const shape = [...new Array<number>(rank - operand.shape.length).fill(1), ...operand.shape];
    if (!keepsOrder(shape, back)) return compute(operands);
    moved.push(builder.transpose(withRank(builder, operand, rank), back));
  }
  return builder.transpose(compute(moved), permutation);
}

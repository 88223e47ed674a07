import { NonFiniteError } from '../errors/non-finite-error.js';

/** Refuses a Gramian of gradients that are not finite, or too long for float32. */
export function checkGramian(
  gramian: Float64Array,
  active: readonly number[],
  objectives: readonly string[],
  step: number,
): void {
  for (const k of active) {
    const square = gramian[k * objectives.length + k] as number;
    if (!Number.isFinite(square)) throw new NonFiniteError('The squared gradient norm', square, objectives[k], step);
  }
}

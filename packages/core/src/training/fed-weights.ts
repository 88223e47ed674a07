import type { HeadGradients } from '../contracts/step-plan.js';
import { type HostTensor, hostTensor } from '../contracts/tensors.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import type { FedHeadGradients } from '../programs/loss-programs.js';

/** One number per objective, all 1 by default. */
export function vectorOf(
  { length }: readonly string[],
  values: ArrayLike<number> | undefined,
  what: string,
): HostTensor {
  if (values === undefined) return hostTensor(new Float32Array(length).fill(1));
  if (values.length === length) return hostTensor(values);
  throw new ShapeMismatchError(what, [length], [values.length], 'Give one number per task, in task order.');
}

/** What parameters of a single task get: a program for it, and what it is fed. */
export function headsFed(
  objectives: readonly string[],
  heads: HeadGradients,
): { readonly mode: FedHeadGradients; readonly feeds: { readonly 'head-weights'?: HostTensor } } {
  if (typeof heads === 'string') return { mode: heads, feeds: {} };
  return { mode: 'fed', feeds: { 'head-weights': vectorOf(objectives, heads, '`headGradients`') } };
}

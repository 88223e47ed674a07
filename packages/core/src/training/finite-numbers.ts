import type { HostTensor } from '../contracts/tensors.js';
import { NonFiniteError } from '../errors/non-finite-error.js';
import type { Model } from '../model/multi-task-model.js';
import { requireLosses } from '../plans/require-losses.js';

/** Effective weights as a program gave them, checked. */
export function finiteWeights(
  weights: HostTensor | undefined,
  { objectives, balancing }: Pick<Model, 'objectives' | 'balancing'>,
  step: number,
): Float64Array {
  const found = Float64Array.from(weights?.data ?? []);
  const bad = found.findIndex((weight) => !Number.isFinite(weight));
  if (bad >= 0) {
    const { kind, name } = balancing.description;
    const advice = `The losses are finite: what the ${kind.replaceAll('-', ' ')} \`${name}\` makes of them is not. Look at its formula at these losses.`;
    throw new NonFiniteError('The weight', found[bad] as number, objectives[bad], step, advice);
  }
  return found;
}

/** Losses in float64, checked, also against what the balancing is defined for; NaN for objectives that are not present. */
export function presentLosses(
  losses: HostTensor,
  active: readonly number[],
  { objectives, balancing, tasks }: Pick<Model, 'objectives'> & Partial<Pick<Model, 'balancing' | 'tasks'>>,
  step: number,
): Float64Array {
  const found = new Float64Array(losses.data.length).fill(Number.NaN);
  for (const k of active) {
    const loss = losses.data[k] as number;
    if (!Number.isFinite(loss)) {
      const isTask = tasks === undefined || k < tasks.length;
      if (isTask) throw new NonFiniteError('The loss', loss, objectives[k], step);
      throw nonFiniteTerm(objectives[k] as string, loss, step);
    }
    found[k] = loss;
  }
  if (balancing !== undefined) requireLosses(balancing.description, found, objectives, step);
  return found;
}

/** The error for an auxiliary term, before its gradient is in all parameters and every task is blamed. */
export function nonFiniteTerm(name: string, value: number, step: number): NonFiniteError {
  const advice =
    'The tasks are not to blame: look at what this term is made of, such as a logarithm of 0 or a root at 0.';
  return new NonFiniteError(`The auxiliary term \`${name}\``, value, undefined, step, advice);
}

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

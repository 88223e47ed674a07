import { requireOption } from '@polytask/core';
import { meanOf } from '../numbers/statistics.js';

/** What a row's loss of one task looks like around the parameters that were reached. */
export interface LinearisedRow {
  /** Its loss there. */
  readonly loss: number;
  /** The loss' gradient, or a sketch of it whose inner products are about those of gradients. */
  readonly gradient: ArrayLike<number>;
  /** The gradient, or a sketch, in parameters that no other task has, where `gradient` is without them. Default: there are none. */
  readonly own?: ArrayLike<number>;
}

/** A task, linearised at one joint model. */
export interface LinearisedTask {
  /** `squared`: the loss is a square, as a regression's; `log`: the negative logarithm of a probability, as a classification's. */
  readonly kind: 'squared' | 'log';
  /** Rows to fit to, and others to measure by. */
  readonly fit: readonly LinearisedRow[];
  readonly measure: readonly LinearisedRow[];
}

/** How {@link subsetLosses} fine-tunes. */
export interface SubsetLossesOptions {
  /** η, against losses that are means over rows. Default 0.1. */
  readonly learningRate?: number;
  /** n. Default 50. */
  readonly steps?: number;
}

/**
 * Estimates what the losses of tasks would be after fine-tuning a joint model on some of them, without training: the model is taken for
 * linear in its parameters around the joint ones, where gradient descent needs no more of it than inner products of rows' gradients.
 *
 * $$ \delta \leftarrow \delta - \eta\, \nabla_\delta \sum_{t \in S} \frac{1}{n_t} \sum_{r} \hat\ell_{t,r}(\delta) \quad
 * n \text{ times from } \delta = 0, \qquad
 * \hat\ell(\delta) = (q + \nabla q \cdot \delta)^2 \ \text{(squared)}, \quad
 * \hat\ell(\delta) = \log\big(1 + e^{-(m + \nabla m \cdot \delta)}\big) \ \text{(log)} $$
 *
 * where
 * - q = √ℓ is the residual but for its sign, with ∇q = ∇ℓ / 2√ℓ;
 * - m = log(p / (1 − p)) with p = exp(−ℓ) is the margin of the true class over all others, with ∇m = −∇ℓ / (1 − p).
 *
 * Shapes: K tasks with gradients `[P]`, or sketches of them `[p]`; sets of task indices → by set `[K]`, the mean estimated losses over the
 * rows to measure by, of tasks outside the set too.
 *
 * @remarks For models that are linear in their parameters, with squared losses or two classes, it is gradient descent itself. Otherwise it is as
 * good as the model is nearly linear over the way that it goes: from parameters that have been trained, and not far. The paper fits
 * logistic regressions with a penalty λ‖δ‖² instead of stopping, and maps δ back to the parameters; λ = 1/(2ηn) amounts to about n steps, and
 * estimates are worse by it where the loss lies along few directions. Rows whose loss is 0 say nothing of their gradient and are left
 * out. Where a step would lead up, it is halved, and there are twice as many.
 * @throws `POLYTASK_INVALID_OPTION` for tasks that are not there, a rate that is not above 0, or steps that are no whole number from 1.
 * @see D. Li, A. Sharma and H. Zhang, "Scalable multitask learning using gradient-based estimation of task affinity", KDD 2024,
 * https://arxiv.org/abs/2409.06091.
 * @example
 * ```ts
 * import { subsetLosses } from '@polytask/analysis';
 *
 * // Two tasks that pull one parameter opposite ways, each with a loss of 1.
 * const task = (slope: number) => {
 *   const rows = [{ loss: 1, gradient: [slope] }];
 *   return { kind: 'squared', fit: rows, measure: rows } as const;
 * };
 * const [alone, both] = subsetLosses([task(2), task(-2)], [[0], [0, 1]]);
 * console.log(alone?.map((loss) => loss.toFixed(2))); // => [ '0.00', '4.00' ]
 * console.log(both?.map((loss) => loss.toFixed(2))); // => [ '1.00', '1.00' ]
 * ```
 */
export function subsetLosses(
  tasks: readonly LinearisedTask[],
  subsets: readonly (readonly number[])[],
  { learningRate = 0.1, steps = 50 }: SubsetLossesOptions = {},
): number[][] {
  const strange = subsets.flat().find((task) => tasks[task] === undefined);
  requireOption(strange === undefined, 'subsets', `indices below ${tasks.length}`, strange);
  requireOption(learningRate > 0, 'learningRate', 'above 0', learningRate);
  requireOption(Number.isInteger(steps) && steps > 0, 'steps', 'a whole number from 1', steps);
  const fit = tasks.flatMap(({ kind, fit: rows }, task) => rows.flatMap((row) => latentOf(kind, row, task)));
  const measure = tasks.flatMap(({ kind, measure: rows }, task) => rows.flatMap((row) => latentOf(kind, row, task)));
  const among = fit.map((row) => Float64Array.from(fit, (other) => product(row, other)));
  const across = fit.map((row) => Float64Array.from(measure, (other) => product(row, other)));
  return subsets.map((subset) => {
    const chosen = [...fit.keys()].filter((n) => subset.includes((fit[n] as Latent).task));
    const coefficients = descend(
      chosen.map((n) => fit[n] as Latent),
      chosen.map((n) => Float64Array.from(chosen, (other) => among[n]?.[other] as number)),
      { learningRate, steps },
    );
    const places = measure.map(({ start }, m) =>
      chosen.reduce((sum, n, c) => sum + (coefficients[c] as number) * (across[n]?.[m] as number), start),
    );
    return tasks.map(({ kind }, task) =>
      meanOf(places.filter((_, m) => measure[m]?.task === task).map((place) => curveOf(kind, place).value)),
    );
  });
}

/** q or m of a row, and its gradient. */
interface Latent {
  readonly task: number;
  readonly kind: LinearisedTask['kind'];
  readonly start: number;
  readonly slope: Float64Array;
  readonly own: Float64Array;
}

/** Below this a loss says nothing of where its row's prediction moves. */
const leastLoss = 1e-10;

function latentOf(kind: LinearisedTask['kind'], { loss, gradient, own = [] }: LinearisedRow, task: number): Latent[] {
  if (!(loss > leastLoss)) return [];
  // 1 − e^{−ℓ} without cancellation.
  const wrong = -Math.expm1(-loss);
  const root = Math.sqrt(loss);
  const factor = kind === 'squared' ? 1 / (2 * root) : -1 / wrong;
  const times = (values: ArrayLike<number>) => Float64Array.from(values, (value) => factor * value);
  const start = kind === 'squared' ? root : -loss - Math.log(wrong);
  return [{ task, kind, start, slope: times(gradient), own: times(own) }];
}

/** Inner product of two gradients. What a task has for itself meets nothing of another's. */
function product(a: Latent, b: Latent): number {
  return inner(a.slope, b.slope) + (a.task === b.task ? inner(a.own, b.own) : 0);
}

/** A loss as a function of q or m, with its derivative. */
function curveOf(kind: LinearisedTask['kind'], z: number): { value: number; slope: number } {
  if (kind === 'squared') return { value: z * z, slope: 2 * z };
  return { value: Math.max(0, -z) + Math.log1p(Math.exp(-Math.abs(z))), slope: -1 / (1 + Math.exp(z)) };
}

/**
 * The coefficients c of δ = Σ c_r ∇z_r after some steps of gradient descent.
 *
 * @param gramian - G: inner products of the rows' gradients.
 */
function descend(
  rows: readonly Latent[],
  gramian: readonly Float64Array[],
  { learningRate, steps }: Required<SubsetLossesOptions>,
): Float64Array {
  const count = new Map<number, number>();
  for (const { task } of rows) count.set(task, (count.get(task) ?? 0) + 1);
  const at = (coefficients: Float64Array) => {
    const curves = rows.map(({ kind, start }, n) =>
      curveOf(kind, start + inner(gramian[n] as Float64Array, coefficients)),
    );
    const weighted = (of: (n: number) => number) => rows.map(({ task }, n) => of(n) / (count.get(task) as number));
    return {
      coefficients,
      total: weighted((n) => curves[n]?.value as number).reduce((sum, value) => sum + value, 0),
      slopes: weighted((n) => curves[n]?.slope as number),
    };
  };
  let here = at(new Float64Array(rows.length));
  let [rate, left] = [learningRate, steps];
  while (left > 0 && rate > 1e-6 * learningRate) {
    const there = at(here.coefficients.map((value, n) => value - rate * (here.slopes[n] as number)));
    if (there.total <= here.total * (1 + 1e-9)) {
      here = there;
      left -= 1;
    } else {
      rate /= 2;
      left *= 2;
    }
  }
  return here.coefficients;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n] as number) * (b[n] as number);
  return sum;
}

import { requireOption } from '@polytask/core';
import { Matrix, solve } from 'ml-matrix';

/** What a row's loss of one task looks like around the parameters that were reached. */
export interface LinearisedRow {
  /** Its loss there. */
  readonly loss: number;
  /** The loss' gradient, or a sketch of it whose inner products are about those of gradients. */
  readonly gradient: ArrayLike<number>;
}

/** A task, linearised at one joint model. */
export interface LinearisedTask {
  /** `squared`: the loss is a square, as a regression's; `log`: the negative logarithm of a probability, as a classification's. */
  readonly kind: 'squared' | 'log';
  /** Rows to fit to, and others to measure by. */
  readonly fit: readonly LinearisedRow[];
  readonly measure: readonly LinearisedRow[];
}

/** How {@link subsetLosses} fits. */
export interface SubsetLossesOptions {
  /** Weight of ‖δ‖² (λ), against losses that are means over rows. Default 1e-3. */
  readonly regularization?: number;
}

/**
 * Estimates what the losses of tasks would be after fine-tuning a joint model on some of them, without training: the model is taken for
 * linear in its parameters around the joint ones, and the fit is a ridge or logistic regression on the rows' gradients.
 *
 * $$ \hat\delta_S = \arg\min_\delta \sum_{t \in S} \frac{1}{n_t} \sum_{r} \hat\ell_{t,r}(\delta) + \lambda \lVert \delta \rVert^2, \qquad
 * \hat\ell(\delta) = (q + \nabla q \cdot \delta)^2 \ \text{(squared)}, \quad
 * \hat\ell(\delta) = \log\big(1 + e^{-(m + \nabla m \cdot \delta)}\big) \ \text{(log)} $$
 *
 * where
 * - q = √ℓ is the residual but for its sign, with ∇q = ∇ℓ / 2√ℓ;
 * - m = log(p / (1 − p)) with p = exp(−ℓ) is the margin of the true class over all others, with ∇m = −∇ℓ / (1 − p).
 *
 * Shapes: tasks with gradients `[P]`, or sketches of them `[p]`; task indices S → by task the mean estimated loss over its rows to
 * measure by, of the tasks outside S too.
 *
 * @remarks Exact for models that are linear in their parameters with squared losses. Rows whose loss is 0 say nothing of their
 * gradient and are left out. For `log` the fit takes 25 Newton steps, damped where they would not go down. The paper
 * linearises binary classifiers and maps δ back to the parameters; here δ stays among the sketches, where losses are measured as well.
 * @throws `POLYTASK_INVALID_OPTION` for tasks that are not there, or a λ that is not above 0.
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
 * const tasks = [task(2), task(-2)];
 * console.log(subsetLosses(tasks, [0]).map((loss) => loss.toFixed(2))); // => [ '0.00', '4.00' ]
 * console.log(subsetLosses(tasks, [0, 1]).map((loss) => loss.toFixed(2))); // => [ '1.00', '1.00' ]
 * ```
 */
export function subsetLosses(
  tasks: readonly LinearisedTask[],
  subset: readonly number[],
  { regularization = 1e-3 }: SubsetLossesOptions = {},
): number[] {
  const strange = subset.find((task) => tasks[task] === undefined);
  requireOption(strange === undefined, 'subset', `indices below ${tasks.length}`, strange);
  requireOption(regularization > 0, 'regularization', 'above 0', regularization);
  const fitted = subset.flatMap((task) => {
    const { kind, fit } = tasks[task] as LinearisedTask;
    const rows = fit.flatMap((row) => latentOf(kind, row));
    return rows.map((row) => ({ ...row, kind, weight: 1 / rows.length }));
  });
  const width = fitted[0]?.slope.length ?? 0;
  const delta = fittedStep(fitted, width, regularization);
  return tasks.map(({ kind, measure }) => {
    const rows = measure.flatMap((row) => latentOf(kind, row));
    return rows.reduce((sum, row) => sum + curveOf(kind, at(row, delta)).value, 0) / rows.length;
  });
}

/** q or m of a row, and its gradient. */
interface Latent {
  readonly start: number;
  readonly slope: Float64Array;
}

interface FittedRow extends Latent {
  readonly kind: LinearisedTask['kind'];
  readonly weight: number;
}

/** Below this a loss says nothing of where its row's prediction moves. */
const leastLoss = 1e-10;

function latentOf(kind: LinearisedTask['kind'], { loss, gradient }: LinearisedRow): Latent[] {
  if (!(loss > leastLoss)) return [];
  if (kind === 'squared') {
    const root = Math.sqrt(loss);
    return [{ start: root, slope: Float64Array.from(gradient, (value) => value / (2 * root)) }];
  }
  // 1 − e^{−ℓ} without cancellation.
  const wrong = -Math.expm1(-loss);
  return [{ start: -loss - Math.log(wrong), slope: Float64Array.from(gradient, (value) => -value / wrong) }];
}

function at({ start, slope }: Latent, delta: Float64Array): number {
  let value = start;
  for (let n = 0; n < delta.length; n++) value += (slope[n] as number) * (delta[n] as number);
  return value;
}

/** A loss as a function of q or m, with its first two derivatives. */
function curveOf(kind: LinearisedTask['kind'], z: number): { value: number; first: number; second: number } {
  if (kind === 'squared') return { value: z * z, first: 2 * z, second: 2 };
  const wrong = 1 / (1 + Math.exp(z));
  return { value: Math.max(0, -z) + Math.log1p(Math.exp(-Math.abs(z))), first: -wrong, second: wrong * (1 - wrong) };
}

/** δ that minimises the sum, by Newton's method: one step where all losses are squares. */
function fittedStep(rows: readonly FittedRow[], width: number, lambda: number): Float64Array {
  let delta = new Float64Array(width);
  const objective = (step: Float64Array) =>
    rows.reduce((sum, row) => sum + row.weight * curveOf(row.kind, at(row, step)).value, 0) +
    lambda * step.reduce((sum, value) => sum + value * value, 0);
  let now = objective(delta);
  for (let round = 0; round < 25 && rows.length > 0; round++) {
    const hessian = Matrix.eye(width, width, 2 * lambda);
    const gradient = Float64Array.from(delta, (value) => 2 * lambda * value);
    for (const row of rows) {
      const { first, second } = curveOf(row.kind, at(row, delta));
      for (let i = 0; i < width; i++) {
        const slope = row.weight * (row.slope[i] as number);
        gradient[i] = (gradient[i] as number) + first * slope;
        if (slope === 0) continue;
        for (let j = 0; j < width; j++) {
          hessian.set(i, j, hessian.get(i, j) + second * slope * (row.slope[j] as number));
        }
      }
    }
    const newton = solve(hessian, Matrix.columnVector(Array.from(gradient))).getColumn(0);
    const before = now;
    const from = delta;
    for (let size = 1; size > 1e-4; size /= 2) {
      const trial = from.map((value, n) => value - size * (newton[n] as number));
      const there = objective(trial);
      if (!(there < now)) continue;
      [delta, now] = [trial, there];
      break;
    }
    if (before - now <= 1e-10 * Math.abs(before)) break;
  }
  return delta;
}

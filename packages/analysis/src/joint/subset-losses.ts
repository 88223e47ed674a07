import { requireOption } from '@polytask/core';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
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

/** How {@link subsetLosses} fits. */
export interface SubsetLossesOptions {
  /**
   * Weight of ‖δ‖² (λ), against losses that are means over rows. 1 / (2 η n) stands for n steps of gradient descent at rate η. Default
   * 0.1: 50 steps at 0.1.
   */
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
 * Shapes: K tasks with gradients `[P]`, or sketches of them `[p]`; n sets of task indices → `[n][K]`, the mean estimated losses over the
 * rows to measure by, of tasks outside the set too.
 *
 * @remarks Exact for models that are linear in their parameters with squared losses. Otherwise it is as good as the model is nearly linear
 * over the way that fine-tuning would take it: from parameters that have been trained, and with a λ that does not let it go further than
 * training would. `bench/README.md` has how far it is off. Rows whose loss is 0 say nothing of their gradient and are left out. The fit is of a coefficient per
 * row, from inner products of gradients; for `log` it takes 25 Newton steps, damped where they would not go down. The paper
 * linearises binary classifiers and maps δ back to the parameters; here losses are measured where δ is.
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
 * const [alone, both] = subsetLosses(tasks, [[0], [0, 1]], { regularization: 1e-3 });
 * console.log(alone?.map((loss) => loss.toFixed(2))); // => [ '0.00', '4.00' ]
 * console.log(both?.map((loss) => loss.toFixed(2))); // => [ '1.00', '1.00' ]
 * ```
 */
export function subsetLosses(
  tasks: readonly LinearisedTask[],
  subsets: readonly (readonly number[])[],
  { regularization = 0.1 }: SubsetLossesOptions = {},
): number[][] {
  const strange = subsets.flat().find((task) => tasks[task] === undefined);
  requireOption(strange === undefined, 'subsets', `indices below ${tasks.length}`, strange);
  requireOption(regularization > 0, 'regularization', 'above 0', regularization);
  const fit = tasks.flatMap(({ kind, fit: rows }, task) => rows.flatMap((row) => latentOf(kind, row, task)));
  const measure = tasks.flatMap(({ kind, measure: rows }, task) => rows.flatMap((row) => latentOf(kind, row, task)));
  const among = fit.map((row) => Float64Array.from(fit, (other) => product(row, other)));
  const across = fit.map((row) => Float64Array.from(measure, (other) => product(row, other)));
  return subsets.map((subset) => {
    const chosen = [...fit.keys()].filter((n) => subset.includes((fit[n] as Latent).task));
    const coefficients = fitted(
      chosen.map((n) => fit[n] as Latent),
      chosen.map((n) => Float64Array.from(chosen, (other) => among[n]?.[other] as number)),
      regularization,
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
  let sum = 0;
  for (let n = 0; n < a.slope.length; n++) sum += (a.slope[n] as number) * (b.slope[n] as number);
  if (a.task === b.task) for (let n = 0; n < a.own.length; n++) sum += (a.own[n] as number) * (b.own[n] as number);
  return sum;
}

/** A loss as a function of q or m, with its first two derivatives. */
function curveOf(kind: LinearisedTask['kind'], z: number): { value: number; first: number; second: number } {
  if (kind === 'squared') return { value: z * z, first: 2 * z, second: 2 };
  const wrong = 1 / (1 + Math.exp(z));
  return { value: Math.max(0, -z) + Math.log1p(Math.exp(-Math.abs(z))), first: -wrong, second: wrong * (1 - wrong) };
}

/**
 * The coefficients c of δ = Σ c_r ∇z_r that minimise the sum, by Newton's method: one step where all losses are squares.
 *
 * @param gramian - G: inner products of the rows' gradients.
 */
function fitted(rows: readonly Latent[], gramian: readonly Float64Array[], lambda: number): Float64Array {
  const count = new Map<number, number>();
  for (const { task } of rows) count.set(task, (count.get(task) ?? 0) + 1);
  const weights = rows.map(({ task }) => 1 / (count.get(task) as number));
  const through = (values: Float64Array) =>
    gramian.map((row) => row.reduce((sum, value, n) => sum + value * (values[n] as number), 0));
  const objective = (values: Float64Array) => {
    const moved = through(values);
    return rows.reduce((sum, { kind, start }, n) => {
      const move = moved[n] as number;
      return sum + (weights[n] as number) * curveOf(kind, start + move).value + lambda * (values[n] as number) * move;
    }, 0);
  };
  let coefficients = new Float64Array(rows.length);
  let now = objective(coefficients);
  for (let round = 0; round < 25 && rows.length > 0; round++) {
    const [from, before] = [coefficients, now];
    const target = newtonPoint(rows, weights, gramian, lambda, through(from));
    for (let size = 1; size > 1e-4; size /= 2) {
      const trial = from.map((value, n) => value + size * ((target[n] as number) - value));
      const there = objective(trial);
      if (!(there < now)) continue;
      [coefficients, now] = [trial, there];
      break;
    }
    if (before - now <= 1e-10 * Math.abs(before)) break;
  }
  return coefficients;
}

/**
 * Where the quadratic approximation has its minimum: 2λ c + D G c = D z − w ℓ′ at moves z = G c₀, with D = w ℓ″; solved as
 * c = D^½ (2λ I + D^½ G D^½)⁻¹ D^−½ (D z − w ℓ′), whose matrix is symmetric and positive.
 */
function newtonPoint(
  rows: readonly Latent[],
  weights: readonly number[],
  gramian: readonly Float64Array[],
  lambda: number,
  moved: readonly number[],
): number[] {
  const curves = rows.map(({ kind, start }, n) => curveOf(kind, start + (moved[n] as number)));
  const roots = curves.map(({ second }, n) => Math.sqrt((weights[n] as number) * Math.max(second, 1e-12)));
  const matrix = new Matrix(
    gramian.map((row, i) => {
      const scaled = row.map((value, j) => value * ((roots[i] as number) * (roots[j] as number)));
      scaled[i] = (scaled[i] as number) + 2 * lambda;
      return scaled;
    }),
  );
  const right = curves.map(
    ({ first }, n) =>
      (roots[n] as number) * (moved[n] as number) - ((weights[n] as number) * first) / (roots[n] as number),
  );
  const solved = new CholeskyDecomposition(matrix).solve(Matrix.columnVector(right)).getColumn(0);
  return solved.map((value, n) => (roots[n] as number) * value);
}

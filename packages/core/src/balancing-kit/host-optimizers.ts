import type { State } from '../contracts/tensors.js';
import { requireOption } from '../errors/invalid-option-error.js';

/** A few numbers on the host that learn: weights, logits, temperatures. In float64. */
export interface HostOptimizer {
  /** `[n]`, as they are now. */
  readonly values: Float64Array;
  /**
   * One step against the gradient `[n]`.
   *
   * @param present Indices of the numbers that take part; values, moments and counts of the others stand still, as those of tasks
   * that are absent from a batch should. Default all.
   */
  step(gradient: ArrayLike<number>, present?: readonly number[]): void;
  /** Everything, as plain data; for the strategy's own. */
  saveState(): State;
  loadState(state: State): void;
  /** Back to the start. */
  reset(): void;
}

/** Options of {@link hostAdam}. */
export interface HostAdamOptions {
  readonly learningRate: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

/** Options of {@link hostSgd}. */
export interface HostSgdOptions {
  readonly learningRate: number;
  /** Default 0: plain descent. */
  readonly momentum?: number;
}

/**
 * Adam on a few numbers of the host:
 *
 * $$ m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
 * x \leftarrow x - \eta \, \frac{m / (1 - \beta_1^n)}{\sqrt{v / (1 - \beta_2^n)} + \epsilon} $$
 *
 * where n counts the steps that this number took part in.
 *
 * @remarks Without weight decay: add λx to the gradient, or take ηλx from the values.
 * @param start x at first.
 * @throws `POLYTASK_INVALID_OPTION` unless 0 ≤ β < 1 and the learning rate is a number.
 * @see D. P. Kingma and J. L. Ba, "Adam: a method for stochastic optimization", ICLR 2015, https://arxiv.org/abs/1412.6980
 * @example
 * ```ts
 * import { hostAdam } from '@polytask/core';
 *
 * const logits = hostAdam([0, 0], { learningRate: 0.1 });
 * logits.step([3, -0.5]);
 * console.log([...logits.values].map((value) => value.toFixed(3))); // => [ '-0.100', '0.100' ]
 * ```
 */
export function hostAdam(start: ArrayLike<number>, options: HostAdamOptions): HostOptimizer {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  requireOption(Number.isFinite(learningRate), 'learningRate', 'a number', learningRate);
  for (const [name, beta] of Object.entries({ beta1, beta2 }))
    requireOption(beta >= 0 && beta < 1, name, 'in [0, 1)', beta);
  return hostOptimizer(start, ['first', 'second', 'count'], (gradient, [first = 0, second = 0, count = 0]) => {
    const n = count + 1;
    const m = beta1 * first + (1 - beta1) * gradient;
    const v = beta2 * second + (1 - beta2) * gradient ** 2;
    const size = Math.sqrt(v / (1 - beta2 ** n)) + epsilon;
    return { moved: (learningRate * m) / (1 - beta1 ** n) / size, moments: [m, v, n] };
  });
}

/**
 * Gradient descent on a few numbers of the host, with momentum where asked for:
 *
 * $$ m \leftarrow \mu m + g, \qquad x \leftarrow x - \eta m $$
 *
 * @param start x at first.
 * @throws `POLYTASK_INVALID_OPTION` unless 0 ≤ μ < 1 and the learning rate is a number.
 * @example
 * ```ts
 * import { hostSgd } from '@polytask/core';
 *
 * const weights = hostSgd([1, 1], { learningRate: 0.5 });
 * weights.step([1, -1]);
 * console.log(weights.values); // => Float64Array(2) [ 0.5, 1.5 ]
 * ```
 */
export function hostSgd(start: ArrayLike<number>, { learningRate, momentum = 0 }: HostSgdOptions): HostOptimizer {
  requireOption(Number.isFinite(learningRate), 'learningRate', 'a number', learningRate);
  requireOption(momentum >= 0 && momentum < 1, 'momentum', 'in [0, 1)', momentum);
  return hostOptimizer(start, ['momentum'], (gradient, [before = 0]) => {
    const now = momentum * before + gradient;
    return { moved: learningRate * now, moments: [now] };
  });
}

/** What one number moves by, and its moments afterwards. */
type Rule = (
  gradient: number,
  moments: readonly number[],
) => { readonly moved: number; readonly moments: readonly number[] };

function hostOptimizer(start: ArrayLike<number>, names: readonly string[], rule: Rule): HostOptimizer {
  const values = Float64Array.from(start);
  const moments = names.map(() => new Float64Array(start.length));
  return {
    values,
    step(gradient, present = Array.from(values.keys())) {
      for (const i of present) {
        const before = moments.map((moment) => moment[i] as number);
        const found = rule(gradient[i] as number, before);
        values[i] = (values[i] as number) - found.moved;
        moments.forEach((moment, j) => {
          moment[i] = found.moments[j] as number;
        });
      }
    },
    saveState: () => ({
      values: Array.from(values),
      ...Object.fromEntries(names.map((name, j) => [name, Array.from(moments[j] as Float64Array)])),
    }),
    loadState(state) {
      values.set(state.values as number[]);
      names.forEach((name, j) => {
        moments[j]?.set(state[name] as number[]);
      });
    },
    reset() {
      values.set(Float64Array.from(start));
      for (const moment of moments) moment.fill(0);
    },
  };
}

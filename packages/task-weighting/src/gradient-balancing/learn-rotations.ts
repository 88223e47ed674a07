import { type AggregateInput, adam, type HostFeeds, hostTensor, type Rotations, type StepInfo } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** How fast rotations learn. */
export interface RotationRates {
  readonly learningRate: number;
  /** Factor of the learning rate after every step. */
  readonly decay: number;
}

/** The longest step in the tangent, as a Frobenius norm. Then three iterations give a rotation to within 1e-8. */
const longest = 0.5;
const iterations = 3;

/**
 * Learns rotations from the tasks' gradients g_k of the representation that they share, before they are turned:
 *
 * $$ \ell_k(A) = \sum_b \big\lVert R_k e^{A} v_b - R_k u_{k,b} \big\rVert^2, \qquad u_k = \frac{g_k}{\lVert g_k \rVert}, \qquad
 * v = \frac1K \sum_k u_k, \qquad A^\top = -A $$
 *
 * What lies behind the rotation has the gradient R_k g_k. The slope at A = 0 needs neither it nor R_k: up to the factor 2 it is
 * Nᵀ − N with N = Σ_b u_{k,b} v_bᵀ, to which u_k's own part of v gives nothing, since that is symmetric. Adam makes a step S of it, and
 * R_k becomes the rotation nearest to R_k (I + S), by the iteration X ← X (3 I − XᵀX) / 2.
 *
 * @param names What is balanced: the tasks, then what has no head to turn.
 */
export function learnRotations(
  { matrices, turned, width }: Rotations,
  names: readonly string[],
  { learningRate, decay }: RotationRates,
) {
  // Slopes are of gradients of length 1; what rounding leaves of a slope of 0 must not become a step.
  const { update, factors } = adam({ epsilon: 1e-6 });
  const variables = names.flatMap((name) => (Object.hasOwn(matrices, name) ? [matrices[name] as tf.Variable] : []));
  const shape = [variables.length, turned, turned];
  let updates = variables.map(() => 0);
  return {
    state: () => ({ first: shape, second: shape }),
    /** These tasks are about to learn. */
    count(tasks: readonly number[]) {
      updates = updates.map((before, k) => before + (tasks.includes(k) ? 1 : 0));
    },
    feeds(step: StepInfo): HostFeeds<'rate' | 'correction' | 'epsilon'> {
      const numbers = updates.map((count) => factors(Math.max(1, count)));
      const perTask = (name: string) =>
        hostTensor(
          numbers.map((one) => one[name] as number),
          [updates.length, 1, 1],
        );
      const rate = hostTensor(learningRate * decay ** step.step);
      return { rate, correction: perTask('correction'), epsilon: perTask('epsilon') };
    },
    learn({ jacobian, active, feeds, state }: AggregateInput<'rate' | 'correction' | 'epsilon', 'first' | 'second'>) {
      const slopes = rotationSlopes(jacobian, active, { width, turned, count: variables.length });
      const { rate, ...others } = feeds;
      const values = tf.zeros(shape);
      const found = update({ values, gradient: slopes, slots: state, factors: { learningRate: rate, ...others } });
      const before = tf.stack(variables) as tf.Tensor3D;
      const present = tf.greater(tf.reshape(tf.slice(active, 0, variables.length), [-1, 1, 1]), 0.5);
      const settle = (now: tf.Tensor, was: tf.Tensor) => tf.where(present, now, was);
      const after = tf.unstack(settle(turnedBy(before, found.values as tf.Tensor3D), before));
      variables.forEach((variable, k) => {
        variable.assign(after[k] as tf.Tensor);
      });
      const { first, second } = found.slots as typeof state;
      return { first: settle(first, state.first), second: settle(second, state.second) };
    },
    saveState: () => [...updates],
    loadState(saved: readonly number[]) {
      updates = [...saved];
    },
    reset() {
      updates = variables.map(() => 0);
    },
  };
}

/**
 * Nᵀ − N of the first `count` tasks, `[count, turned, turned]`: half the slope of ℓ.
 *
 * @param jacobian Gradients of the representation `[K, rows · width]`.
 * @param active `[K]`, 1 for those present.
 */
export function rotationSlopes(
  jacobian: tf.Tensor2D,
  active: tf.Tensor1D,
  { width, turned, count }: { readonly width: number; readonly turned: number; readonly count: number },
): tf.Tensor3D {
  const rows = tf.slice(tf.reshape(jacobian, [jacobian.shape[0], -1, width]) as tf.Tensor3D, 0, [-1, -1, turned]);
  // By the largest entry first, as the square of a small gradient is 0 in float32, and that of a large one infinite.
  const scaled = tf.div(rows, tf.maximum(tf.max(tf.abs(rows), [1, 2], true), 1e-30));
  const units = tf.div(scaled, tf.maximum(tf.sqrt(tf.sum(tf.square(scaled), [1, 2], true)), 1));
  const own = tf.slice(units as tf.Tensor3D, 0, [count, -1, -1]);
  const others = tf.div(tf.sub(tf.sum(units, 0, true), own), tf.maximum(tf.sum(active), 1));
  const products = tf.matMul(transposed(own), others as tf.Tensor3D) as tf.Tensor3D;
  return tf.sub<tf.Tensor3D>(transposed(products), products);
}

/**
 * The rotations nearest to R (I + S), `[count, n, n]`, of rotations R and skew-symmetric S; S is cut to a length of at most 1/2.
 */
export function turnedBy(rotations: tf.Tensor3D, steps: tf.Tensor3D): tf.Tensor3D {
  const length = tf.sqrt(tf.sum(tf.square(steps), [1, 2], true));
  const cut = tf.mul(steps, tf.div(longest, tf.maximum(length, longest))) as tf.Tensor3D;
  let x = tf.add(rotations, tf.matMul(rotations, cut)) as tf.Tensor3D;
  for (let i = 0; i < iterations; i++) {
    const square = tf.matMul(transposed(x), x);
    x = tf.sub(tf.mul(x, 1.5), tf.mul(tf.matMul(x, square), 0.5));
  }
  return x;
}

/** Not a flag of the product, which the wasm backend is slow at. */
function transposed(x: tf.Tensor3D): tf.Tensor3D {
  return tf.transpose(x, [0, 2, 1]);
}

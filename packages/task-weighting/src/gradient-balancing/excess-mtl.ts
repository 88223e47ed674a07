import { describePart, number, scaleWeightTensor, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { presentSoftmax } from '../present.js';

/** Added to squares before their root is taken, as published. */
const epsilon = 1e-7;

/**
 * ExcessMTL: weights grow with the tasks' excess risks, what is left to be gained of each, estimated from their gradients.
 *
 * $$ S_k \leftarrow S_k + g_k^2, \qquad e_k = \sum_p \frac{g_{kp}^2}{\sqrt{S_{kp} + 10^{-7}}}, \qquad
 * \omega_k \propto \omega_k \exp\Big(\eta \frac{e_k}{e_k(0)}\Big), \quad \sum_k \omega_k = 1, \qquad d = \sum_k \omega_k g_k $$
 *
 * where g_k are the rows of J `[K, P]`, S `[K, P]` begins with zeros, and e(0) is the first excess risk above 0. In its first step a task's
 * weight stays as it is.
 *
 * Shapes: J `[K, P]` → d `[P]`. State: K · P + 2K numbers.
 *
 * @remarks Weights multiply up over steps and do not recover from an early bad phase. They are kept as logarithms, so that nothing overflows. η and the
 * first step are those of LibMTL; TorchJD has η = 1 and uses the first step's e as it is. Absent tasks keep their weights. With K = 1
 * the direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { excessMtl } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(excessMtl(), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[2, 0], [0, 3]]), [1, 1]);
 * console.log(direction.dataSync()); // => Float32Array(2) [ 2, 3 ]
 * balance.dispose();
 * ```
 */
export const excessMtl = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'excess-mtl',
  summary: 'Raises the weights of tasks of which most is left to be gained.',
  cites: [
    {
      authors: 'Y. He, S. Zhou, G. Zhang, H. Yun, Y. Xu, B. Zeng, T. Chilimbi and H. Zhao',
      title: 'Robust multi-task learning with excess risks',
      venue: 'ICML',
      year: 2024,
      url: 'https://arxiv.org/abs/2402.02009',
    },
  ],
  options: { eta: withDefault(number({ above: 0 }), 0.01, 'How fast weights change.', 'LibMTL') },
  make: ({ eta, scale }) => ({
    bind: () => ({
      state: ({ tasks, columns }) => ({ squares: [tasks, columns], first: [tasks], logits: [tasks] }),
      aggregate({ jacobian, active, state: carried }) {
        const state = carried as Record<'squares' | 'first' | 'logits', tf.Tensor>;
        const fresh = tf.square(jacobian);
        const squares = tf.add(state.squares, fresh);
        const excess = tf.sum(tf.div(fresh, tf.sqrt(tf.add(squares, epsilon))), 1);
        const known = tf.greater(state.first, 0);
        const first = tf.where(known, state.first, excess);
        const growth = tf.mul(tf.divNoNan(excess, first), eta);
        const logits = tf.add(state.logits, tf.where(known, growth, 0));
        // Only differences count; kept small, they stay exact.
        const centred = tf.sub(logits, tf.max(logits));
        const omega = presentSoftmax(centred, active) as tf.Tensor1D;
        const weights = scale === 'tasks' ? scaleWeightTensor(omega, active) : omega;
        const direction = tf.reshape(tf.matMul(tf.expandDims(weights, 0), jacobian), [-1]);
        return { direction, state: { squares, first, logits: centred }, weights };
      },
    }),
  }),
});

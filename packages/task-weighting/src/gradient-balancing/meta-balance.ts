import {
  describePart,
  gradientNorms,
  number,
  optional,
  type State,
  taskName,
  UnknownNameError,
  withDefault,
} from '@polytask/core';

/**
 * MetaBalance: in every layer the other tasks' gradients are brought near the length of the target task's.
 *
 * $$ n_k \leftarrow \beta n_k + (1 - \beta) \lVert g_k \rVert, \qquad w_k = r \, \frac{n_t}{n_k} + (1 - r), \qquad d = \sum_k w_k g_k $$
 *
 * where g_k are the tasks' gradients of one layer, t is the target task, whose weight is 1, and n are moving means of lengths, at first 0.
 *
 * Shapes, for each layer: G `[K, K]` → w `[K]`.
 *
 * @remarks The paper does so for each tensor, here it is for each layer: a layer's kernel and bias are scaled together. The means are not corrected for
 * their start, which their ratio does not need. A layer that the target does not use, or has had no gradient of, is left as it is; so is a task
 * without a gradient there. With K = 1 the weight is 1.
 * @throws `POLYTASK_UNKNOWN_NAME` for a target that is no task.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { metaBalance } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(metaBalance({ relax: 1, target: 'a', scale: 'paper' }), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[2, 0], [0, 8]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 2, 2 ]
 * balance.dispose();
 * ```
 */
export const metaBalance = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'meta-balance',
  summary: "Brings the tasks' gradients of every layer near the length of the target task's.",
  cites: [
    {
      authors: 'Y. He, X. Feng, C. Cheng, G. Ji, Y. Guo and J. Caverlee',
      title: 'MetaBalance: improving multi-task recommendations via adapting gradient magnitudes of auxiliary tasks',
      venue: 'WWW',
      year: 2022,
      url: 'https://arxiv.org/abs/2203.06801',
    },
  ],
  options: {
    target: optional(taskName(), 'The task that the others help.', 'the primary task of the run, else the first'),
    relax: withDefault(number({ from: 0, to: 1 }), 0.7, 'r: how near lengths are brought; 1: all the way.', 'paper'),
    beta: withDefault(number({ from: 0, below: 1 }), 0.9, 'How slowly the moving means follow.', 'paper'),
  },
  make: ({ target, relax, beta }) => ({
    gradientsOf: 'layers' as const,
    bind({ tasks: names, primary }) {
      const wanted = target ?? primary ?? (names[0] as string);
      const leading = names.indexOf(wanted);
      if (leading < 0) throw new UnknownNameError('task', wanted, names, 'target');
      const means = new Map<string, Float64Array>();
      return {
        weights({ gramian, tasks, block }) {
          const mean = means.get(block) ?? new Float64Array(names.length);
          means.set(block, mean);
          const norms = gradientNorms(gramian);
          tasks.forEach((task, i) => {
            mean[task] = beta * (mean[task] as number) + (1 - beta) * (norms[i] as number);
          });
          const goal = mean[leading] as number;
          return tasks.map((task) => {
            const own = mean[task] as number;
            return goal > 0 && own > 0 ? (relax * goal) / own + (1 - relax) : 1;
          });
        },
        saveState: () => ({
          means: Object.fromEntries([...means].map(([block, values]) => [block, Array.from(values)])),
        }),
        loadState(state) {
          means.clear();
          for (const [block, values] of Object.entries(state.means as State)) {
            means.set(block, Float64Array.from(values as number[]));
          }
        },
        reset: () => means.clear(),
      };
    },
  }),
});

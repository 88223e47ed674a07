import {
  choice,
  describePart,
  either,
  flag,
  InvalidOptionError,
  list,
  number,
  type OptionsOf,
  taskName,
  tuple,
  UnknownNameError,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { layersOption, tiedVariables } from './tied-layers.js';

const edge = either(
  [tuple([taskName(), taskName()]), tuple([taskName(), taskName(), number({ from: 0 })])],
  '[task, task] or [task, task, weight]',
);

const options = {
  layers: layersOption,
  between: withDefault(
    either(
      [choice('pairs', 'mean'), list(edge, { least: 1 })],
      '`pairs`, `mean`, or a list of [task, task] or [task, task, weight]',
    ),
    'pairs',
    'Which distances count: those of all pairs, of each task to the mean of all, or along the edges of a graph of tasks.',
    'Duong et al., two networks',
  ),
  squared: withDefault(flag(), true, 'Whether distances are squared.', 'Duong et al.'),
  biases: withDefault(flag(), true, 'Whether variables of one axis (biases) are tied too.', 'Duong et al.'),
};

/** Options of {@link l2Distance} besides those of all auxiliary terms. */
export type L2DistanceOptions = OptionsOf<typeof options>;

/**
 * A tie by distance: copies of a layer that tasks have each for themselves are drawn together.
 *
 * $$ \Omega = \sum_{i<j} \lVert \theta_i - \theta_j \rVert^2, \qquad
 * \Omega_{\text{mean}} = \sum_i \lVert \theta_i - \bar\theta \rVert^2 = \tfrac1K \sum_{i<j} \lVert \theta_i - \theta_j \rVert^2,
 * \qquad \Omega_{\text{graph}} = \sum_{(i,j)} w_{ij} \lVert \theta_i - \theta_j \rVert^2 $$
 *
 * where
 * - θ_i are the tied variables of task i side by side, θ̄ is their mean over tasks;
 * - w_ij is the weight of an edge, 1 where none is given.
 *
 * With `squared: false` each distance enters as ‖·‖ itself: it pulls with the same force however near the tasks are,
 * and can make them equal. λ in L₁ + L₂ + λΩ is `weight`.
 *
 * @remarks Equal shapes only: a layer that differs between tasks (the last one of heads with other numbers of classes)
 * is left out, and refused if it is named. The gradient at distance 0 is 0. A task that is absent from a batch stays
 * where it is, the others move towards it. All pairs unsquared hold K(K−1)/2 copies of the tied weights for a moment;
 * squared, K.
 * @throws `POLYTASK_TIES` where tasks have no layer each for themselves; `POLYTASK_UNKNOWN_NAME` for layers and tasks
 * that do not exist; `POLYTASK_SHAPE_MISMATCH` for a layer by name whose copies differ in shape;
 * `POLYTASK_INVALID_OPTION` for an edge from a task to itself.
 * @example
 * ```ts
 * import { l2Distance } from '@polytask/soft-sharing';
 *
 * const alike = l2Distance({ layers: ['dense0'], weight: 0.01 });
 * const chain = l2Distance({ between: [['monday', 'tuesday'], ['tuesday', 'wednesday', 0.5]] });
 * console.log(alike.kind, chain.options.squared); // => auxiliary true
 * ```
 */
export const l2Distance = /* @__PURE__ */ describePart('auxiliary', {
  name: 'l2-distance',
  summary: "Draws the tasks' copies of layers together by their distance.",
  cites: [
    {
      authors: 'L. Duong, T. Cohn, S. Bird and P. Cook',
      title: 'Low resource dependency parsing: cross-lingual parameter sharing in a neural network parser',
      venue: 'ACL',
      year: 2015,
      url: 'https://aclanthology.org/P15-2139',
      note: 'The squared distance of two networks.',
    },
    {
      authors: 'T. Evgeniou and M. Pontil',
      title: 'Regularized multi-task learning',
      venue: 'KDD',
      year: 2004,
      url: 'https://doi.org/10.1145/1014052.1014067',
      note: 'Distances to the mean of the tasks.',
    },
    {
      authors: 'T. Evgeniou, C. A. Micchelli and M. Pontil',
      title: 'Learning multiple tasks with kernel methods',
      venue: 'JMLR 6',
      year: 2005,
      url: 'https://jmlr.org/papers/v6/evgeniou05a.html',
      note: 'Distances along a graph of tasks.',
    },
  ],
  options,
  make: ({ layers, between, squared, biases }) => ({
    bind({ layout }) {
      const edges = typeof between === 'string' ? [] : between.map(([a, b, weight = 1]) => ({ a, b, weight }));
      for (const { a, b } of edges) requireEdge(a, b, layout.tasks);
      const tied = tiedVariables(layout, layers, biases);
      const all = layout.tasks;
      const graph = between === 'pairs' ? pairsOf(all) : edges;
      const centred = between === 'mean' || (between === 'pairs' && squared);
      const weights = centred ? all.map(() => 1) : graph.map(({ weight }) => weight);
      return {
        loss() {
          if (tied.length === 0) return tf.scalar(0);
          const squares = tied.map(({ tasks, copies }) => {
            const stack = tf.stack(copies.map(({ variable }) => tf.reshape(variable, [-1]))) as tf.Tensor2D;
            const k = tasks.length;
            // All squared pairs together are K times the squares to the mean.
            const operator = centred
              ? all.map((task) => tasks.map((other) => (tasks.includes(task) ? (task === other ? 1 : 0) - 1 / k : 0)))
              : graph.map(({ a, b }) =>
                  tasks.map((task) =>
                    tasks.includes(a) && tasks.includes(b) ? Number(task === a) - Number(task === b) : 0,
                  ),
                );
            const square = tf.sum(tf.square(tf.matMul(tf.tensor2d(operator), stack)), 1);
            return between === 'pairs' && squared ? tf.mul(square, k) : square;
          });
          const total = tf.addN(squares);
          // Below the smallest square the root is flat, so that equal copies have a gradient of 0.
          const distances = squared ? total : tf.sqrt(tf.maximum(total, smallest));
          return tf.sum(tf.mul(distances, tf.tensor1d(weights)));
        },
      };
    },
  }),
});

const smallest = 1e-30;

function pairsOf(tasks: readonly string[]) {
  return tasks.flatMap((a, i) => tasks.slice(i + 1).map((b) => ({ a, b, weight: 1 })));
}

function requireEdge(a: string, b: string, tasks: readonly string[]): void {
  for (const task of [a, b]) if (!tasks.includes(task)) throw new UnknownNameError('task', task, tasks, 'between');
  if (a === b) throw new InvalidOptionError('between', 'edges between two different tasks', [a, b]);
}

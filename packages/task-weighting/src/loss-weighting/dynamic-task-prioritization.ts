import {
  choice,
  describePart,
  hostTensor,
  InvalidOptionError,
  number,
  type Objective,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { requireValidation } from '../require-validation.js';

/** Performance is kept off 0 and 1, where a logarithm is infinite or a weight vanishes for ever. */
const margin = 1e-6;

/**
 * Dynamic task prioritisation (DTP): difficult tasks, by how well they do, get more weight; the focal loss for tasks.
 *
 * $$ L = \sum_k w_k L_k, \qquad w_k = -(1 - \bar\kappa_k)^{\gamma} \log \bar\kappa_k, \qquad
 * \bar\kappa_k \leftarrow \alpha \kappa_k + (1 - \alpha) \bar\kappa_k $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - κ_k in (0, 1) is how well a task does: $e^{-L_k}$ of every step, or a metric on the validation data after every
 *   epoch,
 * - α is how much the newest κ counts, γ how much difficult tasks are preferred.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks The paper takes training accuracies or precisions for κ, which a loss weighting does not see; $e^{-L}$ is
 * the probability that a classification gives the right class, as a geometric mean. Its weighting of examples is not
 * here. A task's weight is 1 until its κ is known.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses; `POLYTASK_INVALID_OPTION` for `by: 'metric'` with a task whose
 * primary metric is not better when it is higher; `POLYTASK_NO_VALIDATION` for it without validation data.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { dynamicTaskPrioritization } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(dynamicTaskPrioritization({ scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(Math.LN2), tf.scalar(2 * Math.LN2)]);
 * balance.stepEnd();
 * balance.loss([tf.scalar(1), tf.scalar(1)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '0.173', '0.780' ]
 * balance.dispose();
 * ```
 */
export const dynamicTaskPrioritization = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'dynamic-task-prioritization',
  summary: 'Gives more weight to tasks that do badly.',
  cites: [
    {
      authors: 'M. Guo, A. Haque, D.-A. Huang, S. Yeung and L. Fei-Fei',
      title: 'Dynamic task prioritization for multitask learning',
      venue: 'ECCV',
      year: 2018,
      url: 'https://doi.org/10.1007/978-3-030-01270-0_17',
      note: 'Its task-level prioritisation.',
    },
  ],
  options: {
    by: withDefault(
      choice('loss', 'metric'),
      'loss',
      'How well a task does. loss: e^−L of every step; metric: its primary metric on the validation data.',
    ),
    gamma: withDefault(number({ from: 0 }), 2, 'γ: how much difficult tasks are preferred.', 'focal loss'),
    alpha: withDefault(number({ above: 0, to: 1 }), 0.1, 'α: how much the newest performance counts.'),
  },
  make: ({ by, gamma, alpha }) => ({
    leastLoss: by === 'loss' ? 0 : undefined,
    needsValidation: by === 'metric',
    bind({ tasks, objectives }) {
      const metrics = by === 'metric' ? objectives.map(metricOf) : [];
      let performance: readonly (number | null)[] = tasks.map(() => null);
      const see = (found: readonly number[]) => {
        performance = performance.map((before, k) => {
          const now = found[k] as number;
          if (Number.isNaN(now)) return before;
          return before === null ? now : alpha * now + (1 - alpha) * before;
        });
      };
      const weights = () =>
        performance.map((one) => {
          if (one === null) return 1;
          const kept = Math.min(1 - margin, Math.max(margin, one));
          return -((1 - kept) ** gamma) * Math.log(kept);
        });
      return {
        feeds: () => ({ weights: hostTensor(weights()) }),
        scalarize: (losses, _active, feeds) => tf.sum(tf.mul(losses, feeds.weights as tf.Tensor)),
        observe({ losses }) {
          if (by === 'loss') see(Array.from(losses, (loss) => Math.exp(-loss)));
        },
        epochEnd({ validation }) {
          if (by === 'loss') return;
          const scores = requireValidation('dynamic-task-prioritization', validation);
          see(tasks.map((task, k) => scores[task]?.[metrics[k] as string] ?? Number.NaN));
        },
        log: () =>
          Object.fromEntries(
            tasks.flatMap((task, k) =>
              performance[k] === null ? [] : [[`performance/${task}`, performance[k] as number]],
            ),
          ),
        saveState: () => ({ performance }),
        loadState(state) {
          performance = state.performance as typeof performance;
        },
        reset() {
          performance = tasks.map(() => null);
        },
      };
    },
  }),
});

/** The primary metric of a task, one that is better when it is higher. */
function metricOf({ name, task }: Objective): string {
  const found = task?.metrics.find((metric) => metric.name === task.primaryMetric);
  if (found?.better === 'higher') return found.name;
  throw new InvalidOptionError(
    'by',
    'loss where the primary metric of a task is not better when it is higher',
    'metric',
    `Task \`${name}\` has ${found === undefined ? 'none' : `\`${found.name}\``}.`,
  );
}

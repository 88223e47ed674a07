import { describePart, number, type State, softmax, withDefault } from '@polytask/core';
import { learningProgress } from './learning-progress.js';
import { drawTask, rowsOfTask, taskOf } from './one-task.js';

/**
 * Policy gradient schedule: a policy that chooses the task of every batch, trained by REINFORCE to bring learning
 * progress.
 *
 * $$ \pi = (1 - \epsilon) \operatorname{softmax}(\theta) + \frac{\epsilon}{K}, \qquad
 * \theta \leftarrow \theta + \eta\, (r - b)\, (e_a - \operatorname{softmax}(\theta)), \qquad
 * b \leftarrow (1 - \gamma)\, b + \gamma\, r $$
 *
 * where
 * - π_k is the probability that the batch is task k's, and a the task that was drawn,
 * - r in [−1, 1] is the fall of that task's loss since its batch before, clipped to the 20th and 80th percentile of the
 *   last 100 falls and rescaled,
 * - b, 0 at first, is the reward that is to be expected, and e_a the unit vector of a.
 *
 * Shapes: the loss `[]` of the task drawn → π `[K]`.
 *
 * @remarks Unlike a bandit of the Exp3 family it makes no promise against rewards of any kind, but follows them faster.
 * Exploration is left out of the gradient. Tasks that were never drawn come first.
 * @example
 * ```ts
 * import { policyGradientSchedule } from '@polytask/task-weighting';
 *
 * console.log(policyGradientSchedule().options); // => { learningRate: 0.1, exploration: 0.05, baseline: 0.1 }
 * ```
 */
export const policyGradientSchedule = /* @__PURE__ */ describePart('schedule', {
  name: 'policy-gradient-schedule',
  summary: 'Chooses the task of every batch by a policy that is rewarded for learning progress.',
  cites: [
    {
      authors: 'R. J. Williams',
      title: 'Simple statistical gradient-following algorithms for connectionist reinforcement learning',
      venue: 'Machine Learning',
      year: 1992,
      url: 'https://doi.org/10.1007/BF00992696',
    },
  ],
  options: {
    learningRate: withDefault(number({ above: 0 }), 0.1, 'η.'),
    exploration: withDefault(
      number({ above: 0, to: 1 }),
      0.05,
      'ε: the part of batches that is spread over all tasks.',
    ),
    baseline: withDefault(number({ from: 0, to: 1 }), 0.1, 'γ: how fast the expected reward follows; 0 for none.'),
  },
  make: ({ learningRate, exploration, baseline }) => ({
    bind({ tasks, batchSize, uniform }) {
      const k = tasks.length;
      const progress = learningProgress(k);
      let logits = tasks.map(() => 0);
      let untried = [...tasks.keys()];
      let expected = 0;
      const policy = () => softmax(logits).map((share) => (1 - exploration) * share + exploration / k);
      return {
        rows({ step }) {
          return rowsOfTask(untried[0] ?? drawTask(policy(), uniform(step)()), k, batchSize);
        },
        observe({ losses }) {
          const arm = taskOf(losses);
          if (arm === undefined) return;
          untried = untried.filter((task) => task !== arm);
          const reward = progress.see(arm, losses[arm] as number);
          if (reward === undefined) return;
          const shares = softmax(logits);
          const advantage = learningRate * (reward - expected);
          logits = logits.map((logit, i) => logit + advantage * ((i === arm ? 1 : 0) - (shares[i] as number)));
          expected = (1 - baseline) * expected + baseline * reward;
        },
        log() {
          const probabilities = policy();
          return Object.fromEntries(tasks.map((task, i) => [`probability/${task}`, probabilities[i] as number]));
        },
        saveState: () => ({ logits, untried, expected, progress: progress.saveState() }),
        loadState(state: { logits: number[]; untried: number[]; expected: number; progress: State }) {
          logits = [...state.logits];
          untried = [...state.untried];
          expected = state.expected;
          progress.loadState(state.progress);
        },
        reset() {
          logits = tasks.map(() => 0);
          untried = [...tasks.keys()];
          expected = 0;
          progress.reset();
        },
      };
    },
  }),
});

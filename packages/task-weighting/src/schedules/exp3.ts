import { describePart, number, type State, softmax, withDefault } from '@polytask/core';
import { learningProgress } from './learning-progress.js';
import { drawTask, rowsOfTask, taskOf } from './one-task.js';

/**
 * Exp3.S, a bandit that chooses the task of every batch by learning progress.
 *
 * $$ \pi_k = (1 - \epsilon) \frac{e^{w_k}}{\sum_j e^{w_j}} + \frac{\epsilon}{K}, \qquad
 * w_k \leftarrow \log \Big( (1 - \alpha_t) e^{w_k + \eta \tilde r_k} + \frac{\alpha_t}{K - 1} \sum_{j \ne k} e^{w_j +
 * \eta \tilde r_j} \Big), \qquad \tilde r_k = \frac{r\,[k = a] + \beta}{\pi_k} $$
 *
 * where
 * - π_k is the probability that the batch is task k's, and a the task that was drawn,
 * - r in [−1, 1] is the fall of that task's loss since its batch before, clipped to the 20th and 80th percentile of the
 *   last 100 falls and rescaled,
 * - $\alpha_t = 1/t$ at step t, η is the step size, ε the part of exploration, and β favours tasks that were not drawn.
 *
 * Shapes: the loss `[]` of the task drawn → π `[K]`.
 *
 * @remarks The paper measures progress on the same batch before and after the step; here it is from one batch of a task
 * to its next, which costs nothing and is noisier. The paper's percentiles are of a random sample of all falls so far; the last 100 follow
 * losses as they become small. Tasks that were never drawn come first.
 * @example
 * ```ts
 * import { exp3 } from '@polytask/task-weighting';
 *
 * console.log(exp3().options); // => { learningRate: 0.001, exploration: 0.05, beta: 0 }
 * ```
 */
export const exp3 = /* @__PURE__ */ describePart('schedule', {
  name: 'exp3',
  summary: 'Chooses the task of every batch by learning progress, as a bandit does.',
  cites: [
    {
      authors: 'A. Graves, M. G. Bellemare, J. Menick, R. Munos and K. Kavukcuoglu',
      title: 'Automated curriculum learning for neural networks',
      venue: 'ICML',
      year: 2017,
      url: 'https://arxiv.org/abs/1704.03003',
    },
  ],
  options: {
    learningRate: withDefault(number({ above: 0 }), 1e-3, 'η.', 'paper'),
    exploration: withDefault(
      number({ above: 0, to: 1 }),
      0.05,
      'ε: the part of batches that is spread over all tasks.',
      'paper',
    ),
    beta: withDefault(number({ from: 0 }), 0, 'β.', 'paper'),
  },
  make: ({ learningRate, exploration, beta }) => ({
    bind({ tasks, batchSize, uniform }) {
      const k = tasks.length;
      const progress = learningProgress(k);
      let logits = tasks.map(() => 0);
      let untried = [...tasks.keys()];
      let rewards = 0;
      const policy = () => softmax(logits).map((share) => (1 - exploration) * share + exploration / k);
      const learn = (arm: number, reward: number) => {
        rewards += 1;
        const probabilities = policy();
        const moved = logits.map((logit, i) => {
          const estimate = ((i === arm ? reward : 0) + beta) / (probabilities[i] as number);
          return logit + learningRate * estimate;
        });
        // With a single task, and at first, there is nothing to mix with.
        const mixed = k === 1 ? 0 : 1 / (rewards + 1);
        const most = Math.max(...moved);
        const powers = moved.map((one) => Math.exp(one - most));
        const total = powers.reduce((sum, power) => sum + power, 0);
        // Only differences of logits matter: the largest is put at 0.
        logits = powers.map((power) => Math.log((1 - mixed) * power + (mixed * (total - power)) / Math.max(1, k - 1)));
      };
      return {
        rows({ step }) {
          const next = untried[0];
          const arm = next ?? drawTask(policy(), uniform(step)());
          return rowsOfTask(arm, k, batchSize);
        },
        observe({ losses }) {
          const arm = taskOf(losses);
          if (arm === undefined) return;
          untried = untried.filter((task) => task !== arm);
          const reward = progress.see(arm, losses[arm] as number);
          if (reward !== undefined) learn(arm, reward);
        },
        log() {
          const probabilities = policy();
          return Object.fromEntries(tasks.map((task, i) => [`probability/${task}`, probabilities[i] as number]));
        },
        saveState: () => ({ logits, untried, rewards, progress: progress.saveState() }),
        loadState(state: { logits: number[]; untried: number[]; rewards: number; progress: State }) {
          logits = [...state.logits];
          untried = [...state.untried];
          rewards = state.rewards;
          progress.loadState(state.progress);
        },
        reset() {
          logits = tasks.map(() => 0);
          untried = [...tasks.keys()];
          rewards = 0;
          progress.reset();
        },
      };
    },
  }),
});

import type { GradientBalancing } from '../../contracts/gradient-balancing.js';
import type { LossWeighting } from '../../contracts/loss-weighting.js';
import type { Check } from './check.js';
import { requireClose } from './require-that.js';
import { inTrial, type Subject } from './trial.js';

/** Under `scale: 'tasks'` weights sum to the number of tasks present; what a run reports must. */
export function scaleCheck(subject: Subject): Check {
  return {
    name: 'has weights that sum to the number of tasks present',
    async run() {
      const part = subject.make(['task1', 'task2', 'task3']) as LossWeighting | GradientBalancing;
      if (part.scale === 'paper') return;
      await inTrial(subject, { part }, async ({ train, events, bound }) => {
        // Aggregations scale themselves.
        if ('aggregate' in (bound() ?? {})) return;
        await train(2);
        for (const { step, losses, weights } of events) {
          const present = Object.values(losses).filter((loss) => !Number.isNaN(loss)).length;
          const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
          const advice = "Where weights may sum to 0 or less, declare `scale: 'paper'`";
          requireClose([total], [present], 1e-4, () => `The sum of weights at step ${step}. ${advice}`);
        }
      });
    },
  };
}

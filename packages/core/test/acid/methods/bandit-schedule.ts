import { defineSchedule, type TaskSchedule } from '@polytask/core';

/** An ε-greedy bandit: each step goes to one task, the one whose loss fell least when it was last trained, or a random one. */
export function banditSchedule({ epsilon = 0.2 } = {}): TaskSchedule {
  return defineSchedule({
    name: 'bandit',
    options: { epsilon },
    bind({ tasks, batchSize, uniform }) {
      let last: (number | null)[] = tasks.map(() => null);
      let falls = tasks.map(() => 0);
      let counts = tasks.map(() => 0);
      return {
        rows({ step }) {
          const draw = uniform(step);
          const untried = counts.indexOf(0);
          const random = Math.floor(draw() * tasks.length);
          const best = falls.indexOf(Math.min(...falls));
          const arm = untried >= 0 ? untried : draw() < epsilon ? random : best;
          counts[arm] = (counts[arm] as number) + 1;
          return tasks.map((_, task) => (task === arm ? batchSize : 0));
        },
        observe({ losses }) {
          losses.forEach((loss, task) => {
            if (Number.isNaN(loss)) return;
            if (last[task] !== null)
              falls[task] = 0.5 * (falls[task] as number) + 0.5 * ((last[task] as number) - loss);
            last[task] = loss;
          });
        },
        saveState: () => ({ last, falls, counts }),
        loadState(state) {
          last = state.last as (number | null)[];
          falls = state.falls as number[];
          counts = state.counts as number[];
        },
        reset() {
          last = tasks.map(() => null);
          falls = tasks.map(() => 0);
          counts = tasks.map(() => 0);
        },
      };
    },
  });
}

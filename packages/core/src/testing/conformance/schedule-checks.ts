import { firstStep } from '../../contracts/loss-weighting.js';
import type { BoundSchedule, TaskSchedule } from '../../contracts/schedule.js';
import { uniformStream } from '../../random/uniform-stream.js';
import type { Check } from './check.js';
import { requireThat } from './require-that.js';
import type { Subject } from './trial.js';

const tasks = ['task1', 'task2', 'task3'];
const steps = 200;

/** What a schedule has to give besides. */
export function scheduleChecks(subject: Subject): Check[] {
  const make = subject.make as (names: readonly string[]) => TaskSchedule;
  return [
    {
      name: 'fills every batch with whole rows',
      run: async () =>
        follow(make(tasks), (rows, step) => {
          requireThat(
            rows.length === tasks.length,
            () =>
              `There must be a number of rows for each of ${tasks.length} tasks, but step ${step} has ${rows.length}.`,
          );
          const total = rows.reduce((sum, count) => sum + count, 0);
          requireThat(
            rows.every((count) => Number.isInteger(count) && count >= 0) && total === 8,
            () =>
              `Rows of step ${step} must be whole numbers that sum to the batch size of 8, but are ${rows.join(', ')}.`,
          );
        }),
    },
    {
      name: 'gives every task rows',
      async run() {
        const seen = tasks.map(() => 0);
        follow(make(tasks), (rows) => {
          rows.forEach((count, k) => {
            seen[k] = (seen[k] as number) + count;
          });
        });
        const without = tasks.filter((_, k) => seen[k] === 0);
        requireThat(without.length === 0, () => `In ${steps} steps ${without.join(', ')} got no row at all.`);
      },
    },
  ];
}

/** Runs a schedule by itself, over tasks whose losses fall at different rates. */
function follow(schedule: TaskSchedule, look: (rows: readonly number[], step: number) => void): void {
  const uniform = (step: number) => uniformStream(1, 'schedule', 'trial', step);
  const bound: BoundSchedule = schedule.bind({
    tasks,
    sizes: [40, 10, 20],
    batchSize: 8,
    uniform,
    definitions: [],
    primary: undefined,
    groups: {},
  });
  for (let step = 0; step < steps; step++) {
    const info = { ...firstStep, step, epoch: Math.floor(step / 9) };
    const rows = bound.rows(info);
    look(rows, step);
    const losses = Float64Array.from(tasks, (_, k) => (rows[k] ? (k + 1) / (1 + step * (k + 1)) : Number.NaN));
    bound.observe?.({ losses, weights: rows.map((count) => (count > 0 ? 1 : 0)) }, info);
  }
  bound.dispose?.();
}

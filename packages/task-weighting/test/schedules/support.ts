import { firstStep, type StepInfo, type TaskSchedule, uniformStream } from '@polytask/core';
import { expect, test } from 'vitest';

/** Binds a schedule by hand and asks it for step after step. */
export function openSchedule(schedule: TaskSchedule, sizes: readonly number[], batchSize: number, seed = 1) {
  const tasks = sizes.map((_, k) => `task${k}`);
  const uniform = (step: number) => uniformStream(seed, 'schedule', step);
  const bound = schedule.bind({ tasks, sizes, batchSize, uniform, definitions: [], primary: undefined, groups: {} });
  let step = 0;
  return {
    ...bound,
    /** The rows of a step; `lossOf` gives the loss of the tasks in it. */
    next(lossOf: (task: number, step: number) => number = () => 1, info: Partial<StepInfo> = {}): readonly number[] {
      const at = { ...firstStep, ...info, step: step++ };
      const rows = bound.rows(at);
      const losses = Float64Array.from(rows, (count, k) => (count > 0 ? lossOf(k, at.step) : Number.NaN));
      bound.observe?.({ losses, weights: rows.map((count) => (count > 0 ? 1 : 0)) }, at);
      return rows;
    },
  };
}

/** Rows of every task over many steps. */
function totals(rows: readonly (readonly number[])[]): number[] {
  return rows[0]?.map((_, k) => rows.reduce((sum, one) => sum + (one[k] as number), 0)) ?? [];
}

/** What schedules have in common that choose tasks by learning progress. */
export function choosesByProgress(
  make: (options: { learningRate?: number; exploration?: number }) => TaskSchedule,
): void {
  test('tries every task, then goes to the one that learns', () => {
    const opened = openSchedule(make({ learningRate: 0.05 }), [10, 10, 10], 8, 3);
    // Task 1 learns, task 0 stands still and task 2 unlearns, by how often they were trained.
    const trained = [0, 0, 0];
    const lossOf = (task: number) => {
      trained[task] = (trained[task] as number) + 1;
      return task === 1 ? 1000 - (trained[1] as number) : task === 0 ? 5 : (trained[2] as number);
    };
    const rows = Array.from({ length: 600 }, () => opened.next(lossOf));
    expect(rows.slice(0, 3)).toEqual([
      [8, 0, 0],
      [0, 8, 0],
      [0, 0, 8],
    ]);
    const [a = 0, b = 0, c = 0] = totals(rows.slice(-200));
    expect(b).toBeGreaterThan(2 * (a + c));
    const logged = opened.log?.() ?? {};
    expect(Object.keys(logged)).toEqual(['probability/task0', 'probability/task1', 'probability/task2']);
    expect(Object.values(logged).reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 10);
  });

  test('never stops trying the others', () => {
    const opened = openSchedule(make({ learningRate: 1, exploration: 0.3 }), [10, 10], 8);
    const rows = Array.from({ length: 400 }, (_, i) => opened.next((task) => (task === 0 ? 1000 - i : i)));
    const [, other = 0] = totals(rows.slice(-300));
    // Half of the explored part is the other task's: 45 of 300 batches; four standard deviations.
    expect(other / 8).toBeGreaterThan(45 - 4 * Math.sqrt(300 * 0.15 * 0.85));
  });
}

import { firstStep, type StepInfo, type TaskSchedule, uniformStream } from '@polytask/core';

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
export function totals(rows: readonly (readonly number[])[]): number[] {
  return rows[0]?.map((_, k) => rows.reduce((sum, one) => sum + (one[k] as number), 0)) ?? [];
}

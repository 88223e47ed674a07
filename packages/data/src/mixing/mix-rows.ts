import type { StepInfo, TaskSchedule } from '@polytask/core';

/**
 * A schedule that deals rows out in proportion to a power of the tasks' numbers of rows.
 *
 * @param power - The same for the whole run, or that of a step.
 */
export const mixRows =
  (power: number | ((step: StepInfo) => number)): TaskSchedule['bind'] =>
  ({ sizes, batchSize, uniform }) => {
    // Relative to the largest, so that no power overflows.
    const largest = Math.max(...sizes);
    const last = sizes.length - 1;
    return {
      rows(step) {
        const exponent = typeof power === 'number' ? power : power(step);
        const powers = sizes.map((size) => (size / largest) ** exponent);
        const sum = powers.reduce((total, one) => total + one, 0);
        const u = uniform(step.step)();
        let reached = 0;
        let before = 0;
        return powers.map((one, k) => {
          reached += one;
          const bound = Math.floor((k === last ? batchSize : (batchSize * reached) / sum) + u);
          const rows = bound - before;
          before = bound;
          return rows;
        });
      },
    };
  };

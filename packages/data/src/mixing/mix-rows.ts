import type { TaskSchedule } from '@polytask/core';

/** A schedule that deals rows out in proportion to this power of the tasks' numbers of rows. */
export const mixRows =
  (power: number): TaskSchedule['bind'] =>
  ({ sizes, batchSize, uniform }) => {
    // Relative to the largest, so that no power overflows.
    const largest = Math.max(...sizes);
    const powers = sizes.map((size) => (size / largest) ** power);
    const sum = powers.reduce((total, power) => total + power, 0);
    const last = sizes.length - 1;
    let reached = 0;
    const ends = powers.map((power, k) => {
      reached += power;
      return k === last ? batchSize : (batchSize * reached) / sum;
    });
    return {
      rows({ step }) {
        const u = uniform(step)();
        const bounds = ends.map((end) => Math.floor(end + u));
        return bounds.map((bound, k) => bound - (bounds[k - 1] ?? 0));
      },
    };
  };

import { describeFactory } from '@polytask/core';

/** Null is the mixing without a schedule: every row comes once per epoch. */
export const proportionalMixing = describeFactory(
  'schedule',
  {
    name: 'proportional-mixing',
    summary: "Every batch has rows of each task in proportion to the task's rows; every row comes once per epoch.",
    options: {},
  },
  () => null,
);

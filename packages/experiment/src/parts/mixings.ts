import { describeFactory } from '@polytask/core';
import { temperatureMixing } from '@polytask/data';

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

/** The limit of {@link temperatureMixing} for an infinite temperature. */
export const uniformMixing = describeFactory(
  'schedule',
  { name: 'uniform-mixing', summary: 'Every batch has as many rows of each task, within one.', options: {} },
  () => temperatureMixing({ temperature: Number.POSITIVE_INFINITY }),
);

import { cosineDecay, type LearningRateSchedule, PolytaskError, stepDecay, warmUp } from '@polytask/core';
import * as z from 'zod';
import { atLeastZero, positive, whole } from '../config/words.js';
import { ownPart, partSchema, partTable } from './part-table.js';

/** Learning rate schedules by their short names. */
export const schedules = partTable('learning rate schedule', [], {
  'cosine-decay': ownPart(
    'Half a cosine from 1 down to `floor`.',
    {
      steps: whole(1).exactOptional().describe('How many steps it takes. Default: all of the run.'),
      floor: atLeastZero().exactOptional().describe('Factor at the end. Default 0.'),
    },
    ({ steps, floor }, { totalSteps }) => cosineDecay(steps ?? known(totalSteps), floor),
  ),
  'step-decay': ownPart(
    'Multiplies the learning rate by `factor` after every `every` steps.',
    {
      every: whole(1).describe('Steps between two changes.'),
      factor: positive().describe('What each one multiplies by.'),
    },
    ({ every, factor }) => stepDecay(every, factor),
  ),
  'warm-up': ownPart(
    'Rises from near 0 to the learning rate, then follows `followedBy`.',
    {
      steps: whole(1).describe('How many steps the rise takes.'),
      followedBy: z
        .lazy(() => scheduleSchema)
        .exactOptional()
        .describe('What comes after. Default: nothing, the rate stays.'),
    },
    ({ steps, followedBy }) => warmUp(steps, followedBy),
  ),
});

/** Where a learning rate schedule may stand. */
export const scheduleSchema: z.ZodType<LearningRateSchedule> = partSchema<LearningRateSchedule>(schedules, 'schedule');

function known(totalSteps: number | undefined): number {
  if (totalSteps !== undefined) return totalSteps;
  throw new PolytaskError('POLYTASK_CLI_STEPS', 'The number of steps of this run is not known; give `steps`.');
}

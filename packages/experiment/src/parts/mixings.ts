import type { TaskSchedule } from '@polytask/core';
import { temperatureMixing, uniformMixing } from '@polytask/data';
import * as z from 'zod';
import { ownPart, partSchema, partTable } from './part-table.js';

/** Mixing policies by their short names. */
export const mixings = partTable('mixing policy', ['schedule'], {
  'proportional-mixing': ownPart(
    "Every batch has rows of each task in proportion to the task's rows; every row comes once per epoch.",
    {},
    () => null,
  ),
  'temperature-mixing': ownPart(
    'Shares of a batch in proportion to the power 1 / temperature of the rows of each task.',
    {
      temperature: z
        .number({ error: 'a number from 1' })
        .min(1, { error: 'a number from 1' })
        .exactOptional()
        .describe('1: in proportion to the rows; larger: more alike. Default 1.'),
    },
    temperatureMixing,
  ),
  'uniform-mixing': ownPart('Every batch has as many rows of each task, within one.', {}, uniformMixing),
});

/** Where a mixing policy may stand; null is the one without a schedule. */
export const mixingSchema = partSchema<TaskSchedule | null>(mixings, 'mixing');

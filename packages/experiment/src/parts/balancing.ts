import { type Balancing, sumOfLosses } from '@polytask/core';
import { ownPart, partSchema, partTable } from './part-table.js';

/** Balancing strategies by their short names. */
export const balancings = partTable('balancing strategy', ['loss-weighting', 'gradient-balancing', 'step-plan'], {
  'sum-of-losses': ownPart('Every task counts the same.', {}, () => sumOfLosses()),
});

/** Where a balancing strategy may stand. */
export const balancingSchema = partSchema<Balancing>(balancings, 'balancing');

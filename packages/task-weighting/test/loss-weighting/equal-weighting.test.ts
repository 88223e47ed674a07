import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { equalWeighting } from '../../src/loss-weighting/equal-weighting.js';
import { weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', equalWeighting, { claims })) test(name, run);

test('adds the losses of the tasks present', () => {
  expect(weighted(equalWeighting(), [2, -3])).toMatchObject({ value: -1, weights: [1, 1] });
  expect(weighted(equalWeighting(), [2, Number.NaN, 4])).toMatchObject({ value: 6, weights: [1, 0, 1] });
});

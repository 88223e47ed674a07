import { expect, test } from 'vitest';
import { negativeConditionalEntropy } from '../../src/transfer/negative-conditional-entropy.js';

test('golden value, also with rows that lack a label', () => {
  expect(negativeConditionalEntropy([0, 0, 1, 1, 0, 1], [0, 0, 1, 1, 1, 0])).toBeCloseTo(-0.636514, 6);
  expect(negativeConditionalEntropy([0, 0, 1, 1, 0, 1, 0, -1], [0, 0, 1, 1, 1, 0, -1, 1])).toBeCloseTo(-0.636514, 6);
});

test('0 where the source says it all, minus the entropy where it says nothing', () => {
  expect(negativeConditionalEntropy([0, 1, 0, 1], [3, 7, 4, 7])).toBe(0);
  expect(negativeConditionalEntropy([0, 1, 0, 1], [5, 5, 5, 5])).toBeCloseTo(-Math.log(2), 12);
  expect(negativeConditionalEntropy([0], [-1])).toBeNaN();
});

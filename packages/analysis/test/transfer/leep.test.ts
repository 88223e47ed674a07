import { expect, test } from 'vitest';
import { leep } from '../../src/transfer/leep.js';
import { negativeConditionalEntropy } from '../../src/transfer/negative-conditional-entropy.js';
import { classes, probabilities } from '../golden.js';

test('golden value', () => {
  expect(leep(probabilities, classes)).toBeCloseTo(-0.455325, 6);
});

test('of certain predictions it is the negative conditional entropy', () => {
  const source = [0, 1, 1, 2, 0, 2];
  const certain = source.map((z) => [0, 1, 2].map((one) => (one === z ? 1 : 0)));
  expect(leep(certain, classes)).toBeCloseTo(negativeConditionalEntropy(classes, source), 12);
});

test('a source class that nothing is given to does no harm; rows without a label do not count', () => {
  const padded = [...probabilities, [0, 0, 1]].map((row) => [...row, 0]);
  expect(leep(padded, [...classes, -1])).toBeCloseTo(-0.455325, 6);
  expect(() => leep([[1]], [-1])).toThrow(expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }));
});

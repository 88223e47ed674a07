import { expect, it } from 'vitest';
import { columnMeans } from '../../src/metrics/column-means.js';

it('averages over columns the weighted mean of each', () => {
  const means = columnMeans();
  expect(means.result()).toBeNaN();
  means.add(0, 1, 1);
  means.add(0, 5, 3);
  means.add(4, 16, 1);
  expect(means.result()).toBe((4 + 16) / 2);
  expect(means.result(Math.sqrt)).toBe((2 + 4) / 2);
});

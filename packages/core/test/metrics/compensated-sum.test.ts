import { expect, it } from 'vitest';
import { compensatedSum } from '../../src/metrics/compensated-sum.js';

it('keeps what plain addition loses', () => {
  const sum = compensatedSum();
  for (const value of [1, 1e100, 1, -1e100]) sum.add(value);
  expect(sum.value()).toBe(2);
  const tenths = compensatedSum();
  for (let i = 0; i < 1e6; i++) tenths.add(0.1);
  expect(tenths.value()).toBe(1e5);
});

it('passes NaN on', () => {
  const sum = compensatedSum();
  sum.add(Number.NaN);
  sum.add(1);
  expect(sum.value()).toBeNaN();
});

import { firstStep } from '@polytask/core';
import { expect, test } from 'vitest';
import { reversalFactor } from '../src/reversal-factor.js';

test('rises from 0 to nearly 1', () => {
  const at = (step: number) => reversalFactor({ ...firstStep, step, totalSteps: 100 });
  expect(at(0)).toBe(0);
  expect(at(10)).toBeCloseTo(Math.tanh(0.5), 12); // 2/(1+e^-2x) - 1 = tanh x
  expect(at(100)).toBeCloseTo(0.9999092, 7);
  expect(at(120)).toBe(at(100));
});

test('is 1 where a run has no end', () => {
  expect(reversalFactor({ ...firstStep, step: 3 })).toBe(1);
});

import { eager, isPart } from '@polytask/core';
import { expect, it } from 'vitest';

it('is an executor', () => {
  const executor = eager();
  expect(isPart(executor, 'executor')).toBe(true);
  expect(executor).toMatchObject({ name: 'eager', options: {} });
});

import { adam, adamW } from '@polytask/core';
import { beforeAll, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { difference, handSteps, takeSteps } from './take-steps.js';

beforeAll(() => useBackend('cpu'));

it('decays parameters beside the step of Adam, not through the moments', async () => {
  const { start, after } = await takeSteps(adamW({ learningRate: 0.1, decay: 0.3 }));
  const byHand = handSteps(
    start,
    () => ({ m: 0, v: 0 }),
    (value, g, state, step) => {
      state.m = 0.9 * state.m + 0.1 * g;
      state.v = 0.999 * state.v + 0.001 * g * g;
      const first = state.m / (1 - 0.9 ** (step + 1));
      const second = state.v / (1 - 0.999 ** (step + 1));
      return value - 0.1 * 0.3 * value - (0.1 * first) / (Math.sqrt(second) + 1e-8);
    },
  );
  expect(difference(after, byHand)).toBeLessThan(2e-6);
});

it('is Adam without decay, bit for bit', async () => {
  const [with0, plain] = [await takeSteps(adamW({ decay: 0 })), await takeSteps(adam())];
  expect(with0).toEqual(plain);
});

it('decays by 0.01 unless told otherwise', () => {
  expect(adamW()).toMatchObject({ name: 'adam-w', decay: 0.01, learningRate: 0.001, options: { decay: 0.01 } });
  expect(() => adamW({ decay: -1 })).toThrow(/`decay` must be a number from 0, but is -1/);
});

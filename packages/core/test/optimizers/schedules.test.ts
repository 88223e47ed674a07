import { cosineDecay, sgd, stepDecay, warmUp } from '@polytask/core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { takeSteps } from './take-steps.js';

beforeAll(() => useBackend('cpu'));

const count = fc.integer({ min: 1, max: 1000 });
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('cosineDecay', () => {
  it('starts at 1, is half way down in the middle, and ends at the floor', () => {
    expect([0, 50, 100, 101, 1e9].map(cosineDecay(100))).toEqual([1, 0.5, 0, 0, 0]);
    expect([0, 50, 100].map(cosineDecay(100, 0.25))).toEqual([1, 0.625, 0.25]);
  });

  it('never rises and never leaves [floor, 1]', () => {
    fc.assert(
      fc.property(count, share, fc.integer({ min: 0, max: 1200 }), (steps, floor, step) => {
        const schedule = cosineDecay(steps, floor);
        expect(schedule(step + 1)).toBeLessThanOrEqual(schedule(step) + 1e-15);
        expect(schedule(step)).toBeGreaterThanOrEqual(floor - 1e-15);
        expect(schedule(step)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('stepDecay', () => {
  it('multiplies once every so many steps', () => {
    expect([0, 9, 10, 19, 20, 25].map(stepDecay(10, 0.5))).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25]);
  });

  it('is the same within a stretch and one factor apart between two', () => {
    fc.assert(
      fc.property(
        count,
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        (every, factor, n) => {
          const schedule = stepDecay(every, factor);
          expect(schedule(n * every + every - 1)).toBe(schedule(n * every));
          expect(schedule((n + 1) * every) / schedule(n * every)).toBeCloseTo(factor, 10);
        },
      ),
    );
  });
});

describe('warmUp', () => {
  it('rises in equal steps to 1 and then stays', () => {
    expect([0, 1, 2, 3, 4, 100].map(warmUp(4))).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  });

  it('is what follows, times the rise', () => {
    fc.assert(
      fc.property(count, count, fc.integer({ min: 0, max: 3000 }), (steps, decay, step) => {
        const then = cosineDecay(decay, 0.1);
        const expected = step + 1 >= steps ? then(step) : ((step + 1) / steps) * then(step);
        expect(warmUp(steps, then)(step)).toBe(expected);
        expect(warmUp(steps, then)(step)).toBeGreaterThan(0);
      }),
    );
  });
});

it('is a factor of the learning rate by steps taken', async () => {
  const steps = [[1], [1], [1], [1]];
  const { start, after } = await takeSteps(sgd({ learningRate: 0.5, schedule: stepDecay(2, 0.1) }), steps);
  const moves = after.map(
    (row, step) => (step === 0 ? (start[0] as number) : (after[step - 1]?.[0] as number)) - (row[0] as number),
  );
  [0.5, 0.5, 0.05, 0.05].forEach((move, step) => {
    expect(moves[step]).toBeCloseTo(move, 6);
  });
});

it.each([
  ['steps', () => cosineDecay(0)],
  ['every', () => stepDecay(0, 0.5)],
  ['factor', () => stepDecay(1, 0)],
  ['steps', () => warmUp(0)],
])('refuses %s that is not positive', (option, make) => {
  expect(make).toThrow(
    new RegExp(`\`${option}\` must be ${option === 'factor' ? 'a number above 0' : 'a whole number from 1'}`),
  );
});

import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LinearisedTask, subsetLosses } from '../../src/joint/subset-losses.js';
import { randomRows } from '../golden.js';

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, n) => sum + value * (b[n] as number), 0);

// A linear model y = θ·x at θ = 0 with residual −y: ℓ = y², ∇ℓ = −2 y x.
const squared = (xs: number[][], ys: number[]) =>
  xs.map((x, n) => ({ loss: (ys[n] as number) ** 2, gradient: x.map((value) => -2 * (ys[n] as number) * value) }));

const learningRate = 0.05;
const steps = 40;

test('of a linear model with squared losses it is gradient descent itself', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 4 }), (seed, width) => {
      const uniform = uniformStream(seed, 'squares');
      const sets = [0, 1, 2].map(() => {
        const [fit, measure] = [randomRows(9, width, uniform), randomRows(5, width, uniform)];
        return { fit, measure, y: fit.map(() => 0.1 + uniform()), z: measure.map(() => 0.1 + uniform()) };
      });
      const tasks = sets.map(
        ({ fit, measure, y, z }): LinearisedTask => ({
          kind: 'squared',
          fit: squared(fit, y),
          measure: squared(measure, z),
        }),
      );
      const [found] = subsetLosses(tasks, [[0, 2]], { learningRate, steps });
      let theta = new Array<number>(width).fill(0);
      for (let step = 0; step < steps; step++) {
        const slope = theta.map((_, i) =>
          [0, 2].reduce((sum, task) => {
            const { fit, y } = sets[task] as (typeof sets)[number];
            const errors = fit.map((x, n) => dot(x, theta) - (y[n] as number));
            return sum + errors.reduce((all, error, n) => all + 2 * error * (fit[n]?.[i] as number), 0) / fit.length;
          }, 0),
        );
        theta = theta.map((value, i) => value - learningRate * (slope[i] as number));
      }
      sets.forEach(({ measure, z }, task) => {
        const errors = measure.map((row, n) => (dot(row, theta) - (z[n] as number)) ** 2);
        expect(found?.[task]).toBeCloseTo(errors.reduce((sum, one) => sum + one, 0) / 5, 9);
      });
    }),
    { numRuns: 30 },
  );
});

test('of a linear classifier of two classes too', () => {
  const uniform = uniformStream(1, 'logistic');
  const xs = randomRows(20, 3, uniform);
  let theta = [0.3, -0.2, 0.5];
  const signs = xs.map(([u = 0, v = 0]) => (u - v + 0.5 * (2 * uniform() - 1) > 0 ? 1 : -1));
  const rows = xs.map((x, n) => {
    const y = signs[n] as number;
    const wrong = 1 / (1 + Math.exp(y * dot(x, theta)));
    return { loss: -Math.log(1 - wrong), gradient: x.map((value) => -y * wrong * value) };
  });
  const [fit, measure] = [rows.slice(0, 12), rows.slice(12)];
  const found = subsetLosses([{ kind: 'log', fit, measure }], [[0]], { learningRate, steps });
  for (let step = 0; step < steps; step++) {
    const slope = theta.map(() => 0);
    for (let n = 0; n < 12; n++) {
      const [x, y] = [xs[n] as number[], signs[n] as number];
      const wrong = 1 / (1 + Math.exp(y * dot(x, theta)));
      x.forEach((value, i) => {
        slope[i] = (slope[i] as number) - (y * wrong * value) / 12;
      });
    }
    theta = theta.map((value, i) => value - learningRate * (slope[i] as number));
  }
  const losses = xs.slice(12).map((x, n) => Math.log1p(Math.exp(-(signs[12 + n] as number) * dot(x, theta))));
  expect(found[0]?.[0]).toBeCloseTo(losses.reduce((sum, one) => sum + one, 0) / 8, 9);
});

test('steps that are too long are halved', () => {
  const rows = [{ loss: 1, gradient: [20] }];
  const task: LinearisedTask = { kind: 'squared', fit: rows, measure: rows };
  expect(subsetLosses([task], [[0]], { learningRate: 1, steps: 3 })[0]?.[0]).toBeLessThan(1e-3);
});

test('rows that are learned already, sets without tasks, and what is refused', () => {
  const learned: LinearisedTask = {
    kind: 'log',
    fit: [{ loss: 0, gradient: [1] }],
    measure: [{ loss: 2, gradient: [1] }],
  };
  expect(subsetLosses([learned], [[0], []])).toEqual([[expect.closeTo(2, 10)], [expect.closeTo(2, 10)]]);
  expect(() => subsetLosses([learned], [[1]])).toThrow(/subsets/);
  expect(() => subsetLosses([learned], [[0]], { learningRate: 0 })).toThrow(/learningRate/);
  expect(() => subsetLosses([learned], [[0]], { steps: 0.5 })).toThrow(/steps/);
});

test('parameters of a single task: the same as gradients of all parameters side by side', () => {
  const uniform = uniformStream(3, 'own');
  const places = [0, 1].map((task) => {
    const rows = (count: number) =>
      randomRows(count, 5, uniform).map(([a = 0, b = 0, c = 0, d = 0, loss = 0]) => ({
        ...{ loss: 0.1 + loss ** 2, gradient: [a, b], own: [c, d] },
        whole: task === 0 ? [a, b, c, d, 0, 0] : [a, b, 0, 0, c, d],
      }));
    return { kind: (['squared', 'log'] as const)[task] as 'log', fit: rows(7), measure: rows(4) };
  });
  const whole = places.map(({ kind, ...rows }): LinearisedTask => {
    const joined = (of: typeof rows.fit) => of.map(({ loss, whole: gradient }) => ({ loss, gradient }));
    return { kind, fit: joined(rows.fit), measure: joined(rows.measure) };
  });
  const close = subsetLosses(whole, [[0], [1], [0, 1]]).map((row) => row.map((value) => expect.closeTo(value, 9)));
  expect(subsetLosses(places, [[0], [1], [0, 1]])).toEqual(close);
});

// The two-dimensional toy through the shipped strategies, at full length; every method from every start: `npm run bench -- toy`.
import { defineGradientBalancing, type GradientBalancing } from '@polytask/core';
import { describe, expect, test } from 'vitest';
import { alignedMtl } from '../src/gradient-balancing/aligned-mtl.js';
import { cagrad } from '../src/gradient-balancing/cagrad.js';
import { imtlG } from '../src/gradient-balancing/imtl-g.js';
import { mgda } from '../src/gradient-balancing/mgda.js';
import { nashMtl } from '../src/gradient-balancing/nash-mtl.js';
import { upGrad } from '../src/gradient-balancing/up-grad.js';
import { expectClose } from './support.js';
import { cagradStarts, descend, nashStarts, onFront, toyAt } from './toy-problem.js';

const equal = defineGradientBalancing({ name: 'equal', scale: 'paper', bind: () => ({ weights: () => [1, 1] }) });

test('the problem has the published values and gradients', () => {
  const at = (x1: number, x2: number) => {
    const { losses, gradients } = toyAt(x1, x2);
    return [...losses, ...gradients.flat()];
  };
  expectClose(at(-8.5, 7.5), [6.552363, 7.900798, -0.285399, 0.007249, -0.073992, 0.008739], 1e-6);
  expectClose(at(0, 0), [0, 0, 0, 10.856381, 0, 10.856381], 1e-6);
  expectClose(at(9, -1).slice(0, 2), [-8.831059, 2.814293], 1e-6);
  expectClose(at(0, -8.3552).slice(0, 2), [-15.091638, -15.091638], 1e-6);
});

test('its gradients agree with finite differences', () => {
  for (const [x1, x2] of [
    [-8.5, 7.5],
    [3, 2],
    [-2, -5],
    [9, -1],
  ] as const) {
    const numeric = [0, 1].flatMap((loss) => {
      const of = (a: number, b: number) => toyAt(a, b).losses[loss] as number;
      const h = 1e-6;
      return [(of(x1 + h, x2) - of(x1 - h, x2)) / (2 * h), (of(x1, x2 + h) - of(x1, x2 - h)) / (2 * h)];
    });
    expectClose(toyAt(x1, x2).gradients.flat(), numeric, 1e-6);
  }
});

describe("in the setting of CAGrad's paper, 100,000 steps", () => {
  const [left, middle, right] = cagradStarts;
  const end = (balancing: GradientBalancing, start: readonly [number, number], steps = 100_000) =>
    descend(balancing, start, { steps });

  test('the sum of losses is stuck at the walls', () => {
    expectClose(end(equal, left).x, [-5.06, 2.17], 5e-3);
    expectClose(end(equal, right).x, [5.03, 2.36], 1e-2);
  });

  test.each([left, middle, right])('CAGrad comes to the least mean loss from %j', (...start) => {
    const { x } = end(cagrad(), start as never);
    expect(onFront(x)).toBe(true);
    expectClose(x, [0, -8.355], 1e-3);
  });

  test.each([
    [left, -3.32],
    [middle, -6.99],
    [right, 3.33],
  ] as const)('MGDA comes to the front from %j, where others have found it to', (start, x1) => {
    const { x } = end(mgda(), start);
    expect(onFront(x)).toBe(true);
    expect(Math.abs(x[0] - x1)).toBeLessThan(0.05);
  });

  test('IMTL-G, UPGrad and Aligned-MTL come to the front', () => {
    expect(onFront(end(imtlG(), middle, 20_000).x)).toBe(true);
    expect(onFront(end(upGrad({ scale: 'paper' }), middle, 20_000).x)).toBe(true);
    expect(onFront(end(alignedMtl({ scale: 'paper' }), left, 30_000).x)).toBe(true);
  });
});

test("Nash-MTL comes to the front in its paper's setting, 35,000 steps from two of the starts", () => {
  for (const start of [nashStarts[0], nashStarts[3]]) {
    const { x } = descend(nashMtl({ maxNorm: 1, scale: 'paper' }), start, { steps: 35_000, scale: 0.1 });
    expect(onFront(x)).toBe(true);
  }
}, 20_000);

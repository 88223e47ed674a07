import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { scaleInvariant } from '../../src/loss-weighting/scale-invariant.js';
import { expectClose, weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', scaleInvariant, { claims })) test(name, run);

const paper = scaleInvariant({ scale: 'paper' });

test('is the sum of logarithms, with weights 1/L', () => {
  expectClose(weighted(paper, [2, 3]).weights, [1 / 2, 1 / 3]);
});

test('gives tasks the same share whatever the units of their losses are', () => {
  const [a, b] = [weighted(paper, [2, 3]), weighted(paper, [2, 3000])];
  expectClose([(a.weights[1] as number) * 3, (b.weights[1] as number) * 3000], [1, 1]);
});

test('leaves absent tasks out', () => {
  expectClose(weighted(paper, [2, Number.NaN]).weights, [0.5, 0]);
  expect(weighted(scaleInvariant(), [2, Number.NaN]).weights).toEqual([1, 0]);
});

import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { krum } from '../../src/gradient-balancing/krum.js';
import { balanced, expectClose } from '../support.js';

const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', krum, { claims })) test(name, run);

const rows = [
  [0, 0],
  [1, 0],
  [0, 2],
  [2, 2],
  [-50, 40],
];

test('takes what is nearest to its neighbours, by squared distances', async () => {
  // Two nearest each: 1 + 4, 1 + 5, 4 + 4, 4 + 5; the last is far from all.
  expectClose((await balanced(krum({ faulty: 1, scale: 'paper' }), rows)).weights, [1, 0, 0, 0, 0]);
  expectClose((await balanced(krum({ faulty: 1, selected: 3, scale: 'paper' }), rows)).weights, [
    1 / 3,
    1 / 3,
    1 / 3,
    0,
    0,
  ]);
});

test('takes all that are there where more are asked for, and one neighbour where too few are there', async () => {
  const few = rows.slice(0, 2);
  expectClose((await balanced(krum({ selected: 9, scale: 'paper' }), few)).weights, [0.5, 0.5]);
  expectClose((await balanced(krum({ faulty: 5, scale: 'paper' }), rows.slice(0, 3))).weights, [1, 0, 0]);
});

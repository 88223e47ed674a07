import { mlp } from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import { describe, test } from 'vitest';
import { conFig } from '../../src/gradient-balancing/con-fig.js';
import { rotoGrad } from '../../src/gradient-balancing/roto-grad.js';
import { balanced, expectClose, goldenJacobian, openGradients } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', rotoGrad, { claims })) test(name, run);

describe('with rotations', () => {
  const sharing = () => plainSharing(mlp([6], { batchNorm: true, dropout: 0.2 }), mlp([4]), 4);
  for (const { name, run } of conformance('gradient-balancing', rotoGrad, { claims, sharing })) test(name, run);
});

test('golden values at the start, which are those of ConFIG for two tasks', async () => {
  const { direction } = await balanced(rotoGrad({ scale: 'paper' }), goldenJacobian);
  expectClose(direction, [0.158809, 2.070607, 2.070607]);
  expectClose(direction, (await balanced(conFig({ scale: 'paper' }), goldenJacobian)).direction);
});

test('goes with the length of the task that has come less far', async () => {
  const opened = openGradients(rotoGrad({ burnIn: 0, scale: 'paper' }), 2);
  await opened.step([
    [4, 0],
    [0, 4],
  ]);
  // r = (1/4, 3/4): C = 1/4 · 1 + 3/4 · 3 = 2.5.
  const { direction } = await opened.step([
    [1, 0],
    [0, 3],
  ]);
  expectClose(direction, [2.5, 2.5]);
  opened.dispose();
});

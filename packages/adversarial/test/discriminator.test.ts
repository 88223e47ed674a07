import { type AnyTask, mlp, sgd, type TrainerOptions } from '@polytask/core';
import { plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { domainAdversarial } from '../src/domain-adversarial.js';
import { gradientAdversarial } from '../src/gradient-adversarial.js';
import { sharedPrivate } from '../src/shared-private.js';
import { taskDiscriminator } from '../src/task-discriminator.js';
import { dataOf, tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([3], { activation: 'tanh' });
const data = dataOf({ a: 4, b: 6 });
type Parts = Pick<TrainerOptions<readonly AnyTask[]>, 'sharing' | 'auxiliary'>;
type Options = { units: number[]; anneal: boolean; learningRate?: number };

/** Where each adversary is put, by the weight of its term, and what it is to change of the model. */
const adversaries: [string, (weight: number, options: Options) => Parts, RegExp][] = [
  [
    'task-discriminator',
    (weight, options) => ({ sharing: plainSharing(encoder), auxiliary: [taskDiscriminator({ ...options, weight })] }),
    /^trunk/,
  ],
  [
    'domain-adversarial',
    (weight, options) => ({
      sharing: plainSharing(encoder),
      auxiliary: [domainAdversarial({ ...options, weight, domains: { one: ['a'], other: ['b'] } })],
    }),
    /^trunk/,
  ],
  [
    'shared-private',
    (adversary, options) => ({ sharing: sharedPrivate({ ...options, encoder, adversary, orthogonality: 0 }) }),
    /^shared/,
  ],
  [
    'gradient-adversarial',
    (adversary, options) => ({ sharing: gradientAdversarial({ ...options, encoder, adversary }) }),
    /^alignment/,
  ],
];

describe.each(adversaries)('%s', (_, make, fooled) => {
  const after = async (weight: number, learningRate: number, options: object = {}) => {
    const given = { units: [4], anneal: false, ...options };
    const run = { tasks: tasksOf('a', 'b'), ...make(weight, given), optimizer: sgd({ learningRate }) };
    return (await trained(run, data, { epochs: 1, batchSize: 10 })).values;
  };
  const ofDiscriminator = (values: Record<string, number[]>) =>
    Object.entries(values).flatMap(([path, numbers]) => (/discriminator\//.test(path) ? numbers : []));
  const ofFooled = (values: Record<string, number[]>) =>
    Object.entries(values).flatMap(([path, numbers]) => (fooled.test(path) ? numbers : []));
  /** What a step of rate 0.1 adds. */
  const moves = (to: readonly number[], from: readonly number[]) => to.map((value, i) => value - (from[i] as number));
  const close = (found: readonly number[], wanted: readonly number[]) => {
    expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(1e-4);
    wanted.forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 5);
    });
  };

  test('learns at full rate whatever its weight, at one of its own where it is given', async () => {
    const before = ofDiscriminator(await after(1, 1e-30));
    const full = moves(ofDiscriminator(await after(1, 0.1)), before);
    close(moves(ofDiscriminator(await after(0.05, 0.1)), before), full);
    close(
      moves(ofDiscriminator(await after(0.05, 0.1, { learningRate: 0.3 })), before),
      full.map((one) => 3 * one),
    );
  });

  test('is fooled in proportion to its weight', async () => {
    const [quarter, half, whole] = [
      ofFooled(await after(0.25, 0.1)),
      ofFooled(await after(0.5, 0.1)),
      ofFooled(await after(1, 0.1)),
    ];
    close(
      moves(whole, half),
      moves(half, quarter).map((one) => 2 * one),
    );
  });
});

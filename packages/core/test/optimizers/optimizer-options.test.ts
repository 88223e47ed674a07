import {
  type AnyTask,
  adam,
  adamW,
  createTrainer,
  defineLossWeighting,
  type LossWeighting,
  momentum,
  type Optimizer,
  onesInitializer,
  sgd,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { linearTask, readAll, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { takeSteps } from './take-steps.js';

beforeAll(() => useBackend('cpu'));

/** The sum of the losses plus `slope` times a variable of the weighting's own, which starts at 1. */
const withVariable = (slope: number): LossWeighting =>
  defineLossWeighting({
    name: 'with-variable',
    scale: 'paper',
    bind({ scope }) {
      const variable = scope.variable('own', [2], onesInitializer);
      return { scalarize: (losses) => tf.add(tf.sum(losses), tf.mul(slope, tf.sum(variable))) as tf.Scalar };
    },
  });

/** How far every vector moved in one step under these gradients. */
async function moves(optimizer: Optimizer, slope: number, gradients: { shared: number[]; late: number[] }) {
  const tasks: readonly AnyTask[] = [linearTask('a', gradients.shared.length + gradients.late.length)];
  const trainer = await createTrainer({
    tasks,
    sharing: vectorSharing({
      shared: { size: gradients.shared.length, usedBy: ['a'] },
      late: { size: gradients.late.length, usedBy: ['a'], group: 'slow' },
    }),
    balancing: withVariable(slope),
    optimizer,
    inputs: { x: { shape: [1], dtype: 'float32' } },
  });
  const before = await readAll(trainer);
  await trainer.fit(rowsDataset({ a: [[...gradients.shared, ...gradients.late]] }), { epochs: 1 });
  const after = await readAll(trainer);
  trainer.dispose();
  return Object.fromEntries(
    Object.entries(after).map(([path, values]) => [
      path.split('/').at(0) === 'balancing' ? 'balancing' : (path.split('/').at(0) as string),
      Array.from(values, (value, i) => ({
        before: before[path]?.[i] as number,
        by: value - (before[path]?.[i] as number),
      })),
    ]),
  );
}

const by = (vector: { by: number }[] | undefined) => vector?.map((one) => one.by) ?? [];
const expectClose = (found: number[], wanted: number[]) => {
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i] as number, 5);
  });
};

describe('groups', () => {
  it('have learning rates of their own', async () => {
    const optimizer = sgd({
      learningRate: 0.1,
      groups: { slow: { learningRate: 0.01 }, balancing: { learningRate: 0.5 } },
    });
    const found = await moves(optimizer, 2, { shared: [1, -2], late: [3] });
    expectClose(by(found.shared), [-0.1, 0.2]);
    expectClose(by(found.late), [-0.03]);
    expectClose(by(found.balancing), [-1, -1]);
  });

  it('stand still at a learning rate of 0', async () => {
    const found = await moves(sgd({ learningRate: 0.1, groups: { slow: { learningRate: 0 } } }), 0, {
      shared: [1],
      late: [1],
    });
    expect(by(found.late)).toEqual([0]);
    expectClose(by(found.shared), [-0.1]);
  });

  it('decay like the rest, except for balancing', async () => {
    const found = await moves(adamW({ learningRate: 0.1, decay: 0.5 }), 0, { shared: [0, 0], late: [0] });
    for (const one of [...(found.shared ?? []), ...(found.late ?? [])])
      expect(one.by).toBeCloseTo(-0.05 * one.before, 6);
    expect(by(found.balancing)).toEqual([0, 0]);
  });

  it('decay as they are told', async () => {
    const optimizer = adamW({ learningRate: 0.1, decay: 0.5, groups: { slow: { decay: 0 }, balancing: { decay: 1 } } });
    const found = await moves(optimizer, 0, { shared: [0], late: [0] });
    expect(by(found.late)).toEqual([0]);
    expectClose(by(found.balancing), [-0.1, -0.1]);
  });

  it('may decay where the rest does not', async () => {
    const found = await moves(adam({ learningRate: 0.1, groups: { slow: { decay: 0.5 } } }), 0, {
      shared: [0],
      late: [0],
    });
    expect(by(found.shared)).toEqual([0]);
    for (const one of found.late ?? []) expect(one.by).toBeCloseTo(-0.05 * one.before, 6);
  });
});

describe('clipNorm', () => {
  it("scales the model's gradient down to its length and leaves balancing alone", async () => {
    const found = await moves(sgd({ learningRate: 1, clipNorm: 1 }), 10, { shared: [3], late: [4] });
    expectClose(by(found.shared), [-0.6]);
    expectClose(by(found.late), [-0.8]);
    expectClose(by(found.balancing), [-10, -10]);
  });

  it('changes no bit of a gradient that is short enough', async () => {
    const steps = [
      [0.3, -0.1, 0.7],
      [0.2, 0.2, -0.9],
    ];
    const [clipped, free] = [await takeSteps(momentum({ clipNorm: 1 }), steps), await takeSteps(momentum(), steps)];
    expect(clipped).toEqual(free);
  });

  it('keeps the direction of a longer one, and no length of a zero one', async () => {
    const { start, after } = await takeSteps(sgd({ learningRate: 1, clipNorm: 0.5 }), [
      [30, -40],
      [0, 0],
    ]);
    expectClose(
      start.map((value, i) => value - (after[0]?.[i] as number)),
      [0.3, -0.4],
    );
    expect(after[1]).toEqual(after[0]);
  });
});

it.each([
  ['learningRate', { learningRate: 0 }],
  ['learningRate', { learningRate: Number.NaN }],
  ['clipNorm', { clipNorm: 0 }],
  ['groups.slow.learningRate', { groups: { slow: { learningRate: -1 } } }],
  ['groups.slow.decay', { groups: { slow: { decay: -1 } } }],
])('refuses %s out of range', (option, options) => {
  expect(() => adam(options)).toThrow(new RegExp(`\`${option}\` must be`));
});

it('refuses decay of a group where the optimizer has none', () => {
  expect(() => sgd({ groups: { slow: { decay: 0.1 } } })).toThrow(/`groups.slow.decay` must be left out/);
  expect(adam({ groups: { slow: { decay: 0.1 } } }).groups).toEqual({ slow: { decay: 0.1 } });
});

it('keeps options as plain data', () => {
  const options = { learningRate: 0.5, clipNorm: 2, groups: { slow: { learningRate: 0.1 } } };
  expect(JSON.parse(JSON.stringify(sgd(options).options))).toEqual(options);
});

import { type AnyTask, createTrainer, defineSharing, type Rotations, regression } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildHeads } from '../../src/sharing-kit/build-heads.js';
import { buildRotations } from '../../src/sharing-kit/rotations.js';
import { errorOf, float, newScope, numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const tasks: AnyTask[] = ['a', 'b'].map((name) => regression(name));
const names = tasks.map(({ name }) => name);

it('builds a statistic per task, the identity, used by that task only', () => {
  const { scope, registry, dispose } = newScope(1, names);
  const built = buildRotations(scope, tasks, float(3), true);
  expect(registry.map(({ path, usedBy, trainable }) => `${path} ${usedBy.join('+')} ${trainable}`)).toEqual([
    'rotations/a/matrix a false',
    'rotations/b/matrix b false',
  ]);
  expect(built?.rotations).toMatchObject({ turned: 3, width: 3 });
  expect(Array.from(built?.rotations.matrices.b?.dataSync() ?? [])).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  expect(buildRotations(scope, tasks, float(3), false)).toBeUndefined();
  expect(buildRotations(scope, tasks, float(3))).toBeUndefined();
  dispose();
});

it.each([
  [
    'vectors',
    [2, 3],
    true,
    [
      [0, -1, 0],
      [1, 0, 0],
      [0, 0, 1],
    ],
  ],
  [
    'maps at every position',
    [2, 2, 3],
    true,
    [
      [0, -1, 0],
      [1, 0, 0],
      [0, 0, 1],
    ],
  ],
  [
    'the leading features',
    [2, 3],
    2,
    [
      [0, -1],
      [1, 0],
    ],
  ],
] as const)('turns %s, and gradients back', (_, shape, option, quarter) => {
  const { scope, dispose } = newScope(1, names);
  const built = buildRotations(scope, tasks, float(...shape.slice(1)), option);
  tf.tidy(() => {
    built?.rotations.matrices.b?.assign(tf.tensor2d(quarter.map((row) => [...row])));
    const z = numbers([...shape], 1);
    const [x0, x1, x2] = tf.split(z, 3, -1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const seen = built?.apply({ a: z, b: z }) ?? {};
    expect(seen.a?.dataSync()).toEqual(z.dataSync());
    expect(seen.b?.shape).toEqual([...shape]);
    expect(seen.b?.dataSync()).toEqual(tf.concat([tf.neg(x1), x0, x2], -1).dataSync());
    const slopes = numbers([...shape], 2);
    const [g0, g1, g2] = tf.split(slopes, 3, -1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const back = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(built?.apply({ a: x, b: x }).b as tf.Tensor, slopes)))(z);
    expect(back.dataSync()).toEqual(tf.concat([g1, tf.neg(g0), g2], -1).dataSync());
  });
  dispose();
});

it('refuses what cannot be turned, or costs too much', () => {
  const { scope } = newScope(1, names);
  const refused = (width: number, option: boolean | number) =>
    errorOf(() => buildRotations(scope, tasks, float(width), option)).message;
  expect(refused(4, 5)).toBe(
    'Option `rotations` must be false, or a number from 2 to 4 for the 4 features that tasks share, but is 5.',
  );
  expect(refused(1, true)).toBe('Option `rotations` must be false for the one feature that tasks share, but is true.');
  expect(refused(2048, true)).toContain(
    'Learning takes time by the third power of their number: turn some of them, `rotations: 64`.',
  );
});

const inputs = { x: { shape: [3], dtype: 'float32' } } as const;
const modelWith = (change: (rotations: Rotations) => Rotations) =>
  createTrainer({
    tasks,
    inputs,
    sharing: defineSharing({
      name: 'turned',
      bind({ scope }) {
        const turns = buildRotations(scope, tasks, float(3), true);
        const heads = buildHeads(scope, tasks, float(3));
        return {
          rotations: change(turns?.rotations as Rotations),
          forward: ({ x }, step) =>
            heads.apply({ a: x as tf.Tensor, b: x as tf.Tensor }, step, { shared: x as tf.Tensor }),
        };
      },
    }),
  });

it.each<[string, (rotations: Rotations) => Rotations, string]>([
  ['another width', (one) => ({ ...one, width: 4 }), 'the last axis of the shared representation, must have shape [4]'],
  [
    'a task without one',
    ({ matrices: { a }, ...one }) => ({ ...one, matrices: { a: a as tf.Variable } }),
    'There is no task with a rotation named `b`',
  ],
  [
    'another size',
    (one) => ({ ...one, turned: 2 }),
    'The rotation of task `a` must have shape [2, 2], but has shape [3, 3]',
  ],
  [
    'variables that gradients move',
    (one) => ({
      ...one,
      matrices: { ...one.matrices, b: Object.assign(Object.create(one.matrices.b as object), { trainable: true }) },
    }),
    'must be a variable made with `trainable: false`',
  ],
])('a model says no to %s', async (_, change, says) => {
  const before = tf.memory().numTensors;
  await expect(modelWith(change)).rejects.toThrow(says);
  expect(tf.memory().numTensors).toBe(before);
});

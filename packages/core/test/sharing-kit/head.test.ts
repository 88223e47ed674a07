import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { type AnyTask, defineTask } from '../../src/contracts/task.js';
import { mlp } from '../../src/encoders/mlp.js';
import { buildHead, headBodies } from '../../src/sharing-kit/head.js';
import { errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

function task(name: string, outputs: AnyTask['outputs']): AnyTask {
  return defineTask({
    name,
    type: 'test',
    target: { shape: [], dtype: 'float32' },
    outputs,
    loss: () => tf.tensor1d([]),
    predict: () => tf.tensor1d([]),
    decode: () => [],
    metrics: [],
    primaryMetric: 'none' as never,
  }) as AnyTask;
}

it('gives every output the shape that the task declares', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
  fc.assert(
    fc.property(lengths, lengths, lengths, fc.constantFrom(1, 7), (inner, own, features, rows) => {
      // With nulls the features bring `inner` along; without, any features do.
      const seen = inner.length > 0 ? [...inner, 3] : features;
      const shape = [...inner.map(() => null), ...own];
      const { scope, dispose } = newScope();
      const head = buildHead(scope, task('a', { logits: shape, scale: shape }), float(...seen));
      tf.tidy(() => {
        const { outputs } = head.apply(tf.zeros([rows, ...seen]), evaluating);
        for (const name of ['logits', 'scale']) {
          expect(outputs[name]?.shape).toEqual([rows, ...inner, ...own]);
          expect(head.outputs[name]).toEqual(float(...inner, ...own));
        }
      });
      dispose();
    }),
    { numRuns: 40 },
  );
});

it('is a body, then one linear layer per output; features are what that layer sees', () => {
  const { scope, paths, dispose } = newScope();
  const head = buildHead(scope.child('heads').child('a'), task('a', { logits: [3], score: [] }), float(5), mlp([4]));
  expect(paths()).toEqual([
    'heads/a/dense0/kernel',
    'heads/a/dense0/bias',
    'heads/a/outputs/logits/kernel',
    'heads/a/outputs/logits/bias',
    'heads/a/outputs/score/kernel',
    'heads/a/outputs/score/bias',
  ]);
  expect(head.features).toEqual(float(4));
  tf.tidy(() => {
    const { outputs, features } = head.apply(numbers([2, 5]), evaluating);
    expect(features.shape).toEqual([2, 4]);
    expect([outputs.logits?.shape, outputs.score?.shape]).toEqual([[2, 3], [2]]);
  });
  dispose();
});

it('has no hidden layer with mlp([]), nor without a body', () => {
  for (const body of [undefined, mlp([])]) {
    const { scope, paths, dispose } = newScope();
    const head = buildHead(scope, task('a', { logits: [3] }), float(4, 4, 2), body);
    expect(paths()).toEqual(['outputs/logits/kernel', 'outputs/logits/bias']);
    tf.tidy(() => {
      expect(head.apply(tf.zeros([2, 4, 4, 2]), evaluating).outputs.logits?.shape).toEqual([2, 3]);
    });
    dispose();
  }
});

it('keeps what features it is given per token, with a body that keeps them', () => {
  const { scope, dispose } = newScope();
  const tags = task('a', { logits: [null, 6] });
  const head = buildHead(scope, tags, float(9, 5), mlp([4], { flatten: false }));
  expect([head.features, head.outputs.logits]).toEqual([float(9, 4), float(9, 6)]);
  dispose();
});

it('says what is wrong with shapes', () => {
  const { scope } = newScope();
  const { code, message } = errorOf(() => buildHead(scope, task('tags', { logits: [null, 6] }), float(9, 5), mlp([4])));
  expect(code).toBe('POLYTASK_SHAPE_MISMATCH');
  expect(message).toMatch(/`tags`.*`logits`.*\[4\].*flatten: false/s);
  expect(errorOf(() => buildHead(scope, task('a', { y: [3, null] }), float(2))).code).toBe('POLYTASK_INVALID_OPTION');
});

it('finds the body of every task', () => {
  const tasks = [task('left', { y: [] }), task('right', { y: [] })];
  const body = mlp([3]);
  expect(headBodies(undefined, tasks)('left')).toBe(undefined);
  expect(headBodies(body, tasks)('right')).toBe(body);
  expect(headBodies({ left: body }, tasks)('left')).toBe(body);
  expect(headBodies({ left: body }, tasks)('right')).toBe(undefined);
  expect(errorOf(() => headBodies({ lfet: body }, tasks)).message).toContain('Did you mean `left`');
  expect(errorOf(() => headBodies({ left: 3 as never }, tasks)).message).toContain('`head.left`');
});

import { mlp, openScope, regression, type StepContext } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { dbmtl } from '../src/dbmtl.js';
import { errorOf } from './parts.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([4], { activation: 'tanh' });
/** The first task depends on the last, and each other on the one before it. */
const line = (tasks: readonly string[]) =>
  Object.fromEntries(
    tasks.length < 2
      ? []
      : tasks.flatMap((task, i) => (i === 1 ? [] : [[task, [tasks[i === 0 ? tasks.length - 1 : i - 1] as string]]])),
  );
describe.each([
  [
    'towers and relations',
    (tasks: readonly string[]) =>
      dbmtl({ encoder, head: mlp([3]), relation: mlp([2], { activation: 'tanh' }), relations: line(tasks) }),
  ],
  [
    'nothing but relations',
    (tasks: readonly string[]) =>
      dbmtl({ encoder, relations: tasks.length > 1 ? { [tasks[1] as string]: [tasks[0] as string] } : {} }),
  ],
])('%s', (_, make) => {
  for (const { name, run } of conformance('sharing', make)) test(name, run);
});

function bindTo(relations: Record<string, string[]>) {
  const { scope, bindings, variable, usedBy, dispose } = openScope(['a', 'b', 'c']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const tasks = ['a', 'b', 'c'].map((name) => regression(name));
  const linear = mlp([2], { activation: 'linear' });
  const bound = dbmtl({ encoder: linear, head: linear, relations }).bind({
    tasks,
    inputs,
    scope,
    ...bindings,
  } as never);
  return { bound, variable, usedBy, dispose };
}

test('a task sees its own features and those of the tasks it depends on', () => {
  const { bound, variable, usedBy, dispose } = bindTo({ b: ['c'], a: ['b'] });
  const x = tf.tensor2d([[1, -2]]);
  const state = bound.forward({ x }, { training: false } as StepContext, {});
  const through = (input: tf.Tensor, place: string) =>
    tf.matMul(input as tf.Tensor2D, variable(`${place}/kernel`) as unknown as tf.Tensor2D);
  const h = through(x, 'trunk/dense0');
  const [a, b, c] = ['a', 'b', 'c'].map((task) => through(h, `towers/${task}/dense0`)) as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const wanted = tf.concat([a, b, c], 1);
  expect(Array.from((state.features.a as tf.Tensor).dataSync())).toEqual(Array.from(wanted.dataSync()));
  const output = through(wanted, 'heads/a/outputs/value').dataSync()[0] as number;
  expect(state.outputs.a?.value?.dataSync()[0]).toBeCloseTo(output, 5);
  expect(['a', 'b', 'c'].map((task) => usedBy(`towers/${task}/dense0/kernel`).join())).toEqual(['a', 'a,b', 'a,b,c']);
  expect(usedBy('heads/c/outputs/value/kernel')).toEqual(['c']);
  dispose();
});

test('refuses circles, and tasks that are not there', () => {
  const circle = errorOf(() => bindTo({ a: ['b'], b: ['c'], c: ['b'] }));
  expect(circle.code).toBe('POLYTASK_TASK_CYCLE');
  expect(circle.message).toContain('`b` depends on `c` depends on `b`');
  expect(errorOf(() => bindTo({ a: ['a'] })).code).toBe('POLYTASK_TASK_CYCLE');
  expect(errorOf(() => bindTo({ a: ['d'] })).code).toBe('POLYTASK_UNKNOWN_NAME');
  expect(errorOf(() => bindTo({ d: ['a'] })).code).toBe('POLYTASK_UNKNOWN_NAME');
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { type AnyTask, defineTask } from '../../src/contracts/task.js';
import { mlp } from '../../src/encoders/mlp.js';
import { buildTaskInputs, inputsOf } from '../../src/sharing-kit/task-inputs.js';
import { errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

function task(name: string, inputs?: readonly string[]): AnyTask {
  return defineTask({
    name,
    type: 'test',
    ...(inputs && { inputs }),
    target: { shape: [], dtype: 'float32' },
    outputs: { y: [] },
    loss: () => tf.tensor1d([]),
    predict: () => tf.tensor1d([]),
    decode: () => [],
    metrics: [],
    primaryMetric: 'none' as never,
  }) as AnyTask;
}

const specs = { x1: float(4), x2: float(4), wide: float(9) };

it('gives a task its own inputs, or all', () => {
  expect(inputsOf(task('a', ['wide', 'x1']), specs)).toEqual({ wide: float(9), x1: float(4) });
  expect(inputsOf(task('a'), specs)).toEqual(specs);
  expect(errorOf(() => inputsOf(task('a', ['x3']), specs)).code).toBe('POLYTASK_UNKNOWN_NAME');
  expect(errorOf(() => inputsOf(task('a', []), specs)).code).toBe('POLYTASK_INVALID_OPTION');
});

it('makes one pass for tasks with the same inputs, in any order', () => {
  const tasks = [task('a', ['x1', 'wide']), task('b', ['wide', 'x1'])];
  const { specs: wanted, sources } = buildTaskInputs(newScope().scope, tasks, specs);
  expect(sources.map((source) => source.tasks)).toEqual([['a', 'b']]);
  expect(Object.keys(wanted)).toEqual(['x1', 'wide']);
});

it('renames inputs of other names but equal shapes', () => {
  const tasks = [task('a', ['x1']), task('b', ['x2']), task('c', ['x1'])];
  const { specs: wanted, sources } = buildTaskInputs(newScope(1, ['a', 'b', 'c']).scope, tasks, specs);
  expect(wanted).toEqual({ x1: float(4) });
  expect(sources.map((source) => source.tasks)).toEqual([['a', 'c'], ['b']]);
  tf.tidy(() => {
    const tensors = { x1: tf.scalar(1), x2: tf.scalar(2), wide: tf.scalar(3) };
    expect(sources[0]?.select(tensors, evaluating)).toEqual({ x1: tensors.x1 });
    expect(sources[1]?.select(tensors, evaluating)).toEqual({ x1: tensors.x2 });
  });
});

it('adapts inputs of other shapes, with variables of that task alone', () => {
  const { scope, registry, dispose } = newScope(1, ['a', 'b']);
  const tasks = [task('a', ['x1']), task('b', ['wide'])];
  const { specs: wanted, sources } = buildTaskInputs(scope, tasks, specs, { b: mlp([4]) });
  expect(wanted).toEqual({ x1: float(4) });
  expect(registry.map(({ path, usedBy }) => [path, usedBy])).toEqual([
    ['adapters/b/dense0/kernel', ['b']],
    ['adapters/b/dense0/bias', ['b']],
  ]);
  tf.tidy(() => {
    expect(sources[1]?.select({ wide: numbers([7, 9]) }, evaluating).x1?.shape).toEqual([7, 4]);
  });
  dispose();
});

it('says what is wrong', () => {
  const { scope } = newScope(1, ['a', 'b']);
  const tasks = [task('a', ['x1']), task('b', ['wide'])];
  const { code, message } = errorOf(() => buildTaskInputs(scope, tasks, specs));
  expect(code).toBe('POLYTASK_TASK_INPUTS');
  expect(message).toMatch(/`a` reads `x1` \[4\] float32.*`b` reads `wide` \[9\].*fusion.*adapters: \{ b: /);
  expect(errorOf(() => buildTaskInputs(scope, tasks, specs, { c: mlp([4]) })).code).toBe('POLYTASK_UNKNOWN_NAME');
  expect(errorOf(() => buildTaskInputs(scope, tasks, specs, { b: 4 as never })).message).toContain('`adapters.b`');
  expect(errorOf(() => buildTaskInputs(scope, [], specs)).message).toContain('at least one task');
});

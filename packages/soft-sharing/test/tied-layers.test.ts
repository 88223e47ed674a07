import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { tiedVariables } from '../src/tied-layers.js';
import { layoutOf } from './layout.js';

beforeAll(() => tf.setBackend('cpu'));

const columns = {
  'trunk/dense0/kernel': [2, 2],
  'columns/a/dense0/kernel': [2, 3],
  'columns/a/dense0/bias': [3],
  'columns/b/dense0/kernel': [2, 3],
  'columns/b/dense0/bias': [3],
  'heads/a/outputs/logits/kernel': [3, 1],
  'heads/b/outputs/logits/kernel': [3, 4],
  'tasks/a/threshold': [1],
  'tasks/b/threshold': [1],
};
const namesOf = (layout: ReturnType<typeof layoutOf>, layers?: string[], vectors = true) =>
  tiedVariables(layout, layers, vectors).map(({ name }) => name);

test('finds copies whose paths differ in the task alone, of one shape', () => {
  const layout = layoutOf(['a', 'b'], columns);
  expect(namesOf(layout)).toEqual(['columns/<task>/dense0/kernel', 'columns/<task>/dense0/bias']);
  expect(namesOf(layout, undefined, false)).toEqual(['columns/<task>/dense0/kernel']);
  for (const name of ['dense0', 'columns', 'columns/<task>/dense0']) expect(namesOf(layout, [name]).length).toBe(2);
  expect(namesOf(layout, ['dense0/kernel'])).toEqual(['columns/<task>/dense0/kernel']);
});

test('tasks may have the names of layers', () => {
  const tasks = ['columns', 'dense0', 'kernel'];
  const paths = tasks.map((task) => [`columns/${task}/dense0/kernel`, [2, 2]]);
  const [one, ...others] = tiedVariables(layoutOf(tasks, Object.fromEntries(paths)), undefined, true);
  expect(one?.name).toBe('columns/<task>/dense0/kernel');
  expect(one?.copies.map(({ path }) => path)).toEqual(paths.map(([path]) => path));
  expect(others).toEqual([]);
});

test('says which layers there are, which do not fit, and that there are none', () => {
  const layout = layoutOf(['a', 'b'], columns);
  expect(() => namesOf(layout, ['dense1'])).toThrow('there are `columns/<task>/dense0`');
  expect(() => namesOf(layout, ['trunk'])).toThrow('There is no layer of which tasks have copies named `trunk`');
  expect(() => namesOf(layout, ['heads'])).toThrow(
    '`heads/b/outputs/logits/kernel`, which is tied to `heads/a/outputs/logits/kernel`, must have shape [3, 1]',
  );
  expect(() => namesOf(layoutOf(['a', 'b'], { 'trunk/kernel': [2] }))).toThrow('this model has none');
  expect(namesOf(layoutOf(['a'], { 'columns/a/kernel': [2] }))).toEqual([]);
});

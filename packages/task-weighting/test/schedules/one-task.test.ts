import { expect, test } from 'vitest';
import { drawTask, rowsOfTask, taskOf } from '../../src/schedules/one-task.js';

test('draws a task by its share, and the last one where rounding leaves a gap', () => {
  expect([0, 0.24, 0.25, 0.99].map((draw) => drawTask([0.25, 0.75], draw))).toEqual([0, 0, 1, 1]);
  expect(drawTask([0.3, 0.3], 0.99)).toBe(1);
});

test('gives one task the whole batch, and finds it again', () => {
  expect(rowsOfTask(1, 3, 8)).toEqual([0, 8, 0]);
  expect(taskOf(Float64Array.of(Number.NaN, 2, Number.NaN))).toBe(1);
  expect(taskOf([Number.NaN])).toBeUndefined();
});

import { expect, it } from 'vitest';
import { meanOverTasks } from '../../src/evaluation/mean-over-tasks.js';
import { classification } from '../../src/tasks/classification.js';
import { regression } from '../../src/tasks/regression.js';

const values = {
  left: { accuracy: 0.75, confusion: [[1]] },
  right: { accuracy: 0.25 },
  empty: { accuracy: Number.NaN },
  depth: { rmse: 3 },
};

it('averages one metric over the tasks that have a number for it', () => {
  expect(meanOverTasks(values, 'accuracy')).toBe(0.5);
  expect(meanOverTasks(values, 'rmse')).toBe(3);
  expect(meanOverTasks(values, 'confusion')).toBeNaN();
  expect(meanOverTasks(values, 'auc')).toBeNaN();
});

it('averages primary metrics that are better on the same side', () => {
  const left = classification('left', { classes: 2 });
  const right = classification('right', { classes: 2 });
  expect(meanOverTasks(values, [left, right])).toBe(0.5);
  expect(() => meanOverTasks(values, [left, regression('depth')])).toThrow(
    /better on the same side.*"depth.rmse":"lower"/,
  );
});

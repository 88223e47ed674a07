import { expect, it } from 'vitest';
import { withWeights } from '../../src/parts/task-weights.js';

it('lets all labels count the same, where a task does not say otherwise and can be weighed', () => {
  const tasks = [
    { name: 'a', type: 'regression' },
    { name: 'b', type: 'binary', weight: 2 },
    { name: 'c', type: '@acme/tasks#ordinal', levels: 4 },
  ];
  expect(withWeights(tasks as never)).toEqual([
    { name: 'a', type: 'regression', weight: 'labelled-share' },
    tasks[1],
    tasks[2],
  ]);
});

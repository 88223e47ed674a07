import { uniformStream } from '@polytask/core';
import { expect, test } from 'vitest';
import { sampleSubsets, surrogateModel } from '../../src/joint/surrogate-model.js';
import { taskMatrix } from '../../src/numbers/matrices.js';
import { rankCorrelation } from '../../src/numbers/statistics.js';

const tasks = 6;
const uniform = uniformStream('theta');
const theta = taskMatrix(tasks, () => 2 * uniform() - 1);

const scoreOf = (task: number, subset: readonly number[]) =>
  subset.includes(task) ? subset.reduce((sum, j) => sum + (theta[task]?.[j] as number), 0) : NaN;
const measured = (subsets: readonly (readonly number[])[], noise = 0) =>
  subsets.map((subset) => Array.from({ length: tasks }, (_, task) => scoreOf(task, subset) + noise * uniform()));

test('recovers a planted θ from sets of two sizes', () => {
  const subsets = [2, 3].flatMap((size) => sampleSubsets({ tasks, size, count: 15, seed: 1 }));
  const { relevance, fit } = surrogateModel(subsets, measured(subsets));
  relevance.forEach((row, t) => {
    for (const [j, value] of row.entries()) expect(value).toBeCloseTo(theta[t]?.[j] as number, 8);
  });
  for (const value of fit) expect(value).toBeCloseTo(1, 8);
});

test('from sets of one size the order of the others, and with noise nearly so', () => {
  const subsets = sampleSubsets({ tasks, size: 3, count: 20, seed: 2 });
  const { relevance } = surrogateModel(subsets, measured(subsets, 0.2));
  relevance.forEach((row, t) => {
    const others = (values: readonly number[]) => values.filter((_, j) => j !== t);
    expect(rankCorrelation(others(row), others(theta[t] as number[]))).toBeGreaterThan(0.85);
  });
});

test('a task that was never measured has no row; sizes that do not fit are refused', () => {
  const { relevance, fit } = surrogateModel([[0]], [[1, NaN]]);
  expect(relevance).toEqual([
    [expect.closeTo(1, 12), expect.closeTo(0, 12)],
    [NaN, NaN],
  ]);
  expect(fit).toEqual([NaN, NaN]);
  expect(() => surrogateModel([[0]], [])).toThrow(expect.objectContaining({ code: 'POLYTASK_SHAPE_MISMATCH' }));
});

test('subsets are different, of the size asked for, and hold every task about as often', () => {
  const subsets = sampleSubsets({ tasks: 8, size: 3, count: 24 });
  expect(subsets).toHaveLength(24);
  expect(new Set(subsets.map(String)).size).toBe(24);
  const counts = Array.from({ length: 8 }, (_, task) => subsets.filter((subset) => subset.includes(task)).length);
  for (const count of counts) expect(Math.abs(count - 9)).toBeLessThanOrEqual(3);
  expect(sampleSubsets({ tasks: 8, size: 3, count: 24 })).toEqual(subsets);
  expect(sampleSubsets({ tasks: 4, size: 2, count: 100 })).toHaveLength(6);
  expect(() => sampleSubsets({ tasks: 4, size: 5, count: 1 })).toThrow();
});

import { describe, expect, it } from 'vitest';
import { type NetworkResult, type RunDocument, runDocumentSchema } from '../../src/run/document.js';
import { overSeeds } from '../../src/run/over-seeds.js';

const tasks = [
  { name: 'a', type: 'regression', primaryMetric: 'rmse', better: { rmse: 'lower', r2: 'higher' } },
] as const;
const result = (rmse: number | null, r2 = 0.5) =>
  ({ tasks: { a: { loss: 1, rows: 9, rmse, r2 } } }) as unknown as NetworkResult;
const seed = (of: number, joint: number | null, alone: number) => {
  return { seed: of, joint: result(joint), singleTask: { a: result(alone) } };
};

const document = (changes: Partial<RunDocument>) =>
  ({ ...seed(3, 1, 2), tasks, config: { seed: 3, repeat: 3, compare: 'single-task' }, ...changes }) as RunDocument;

describe('overSeeds', () => {
  it('has mean and spread of what can be ranked, and what learning together did', () => {
    const found = overSeeds(document({ repeats: [seed(4, 3, 2), seed(5, 2, 2)] }));
    expect(found).toMatchObject({
      seeds: [3, 4, 5],
      joint: { a: { loss: { mean: 1, spread: 0 }, rmse: { mean: 2, spread: 1 }, r2: { mean: 0.5, spread: 0 } } },
      singleTask: { a: { rmse: { mean: 2, spread: 0 } } },
      transfer: { tasks: { a: { gains: [50, -50, 0], mean: 0, spread: 50, verdict: 'cannot tell' } }, leftOut: [] },
    });
    expect(found?.joint.a).not.toHaveProperty('rows');
    expect(runDocumentSchema.shape.overSeeds.safeParse(JSON.parse(JSON.stringify(found))).success).toBe(true);
  });

  it('does not count seeds without a number, which JSON has null for', () => {
    const found = overSeeds(document({ repeats: [seed(4, null, 2), seed(5, 2, 2)] }));
    expect(found?.joint.a?.rmse?.mean).toBe(1.5);
    expect(found?.transfer?.tasks.a).toMatchObject({ gains: [50, null, 0], seeds: 2 });
  });

  it('is nothing for a run with one seed, and has no comparison where none was asked for', () => {
    expect(overSeeds(document({ config: { seed: 3, compare: 'none' } as never }))).toBeUndefined();
    const config = { seed: 3, repeat: 2, compare: 'none' } as never;
    const alone = overSeeds(document({ config, repeats: [{ seed: 4, joint: result(2) }] }));
    expect(alone).not.toHaveProperty('transfer');
    expect(alone).not.toHaveProperty('singleTask');
  });
});

import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.js';
import { singleTaskConfig, singleTaskStopping } from '../../src/parts/single-task.js';

const head = { use: 'mlp', units: [4] };
const base = { tasks: [{ name: 'a' }, { name: 'b' }], balancing: { use: 'x#y' }, optimizer: { use: 'sgd' } };
const alone = (sharing: object, index = 1) => singleTaskConfig({ ...base, sharing } as unknown as Config, index);

describe('singleTaskConfig', () => {
  it('keeps one task, the optimizer and the encoder, and no balancing', () => {
    const sharing = { use: 'hard-sharing', encoder: head, head };
    expect(alone(sharing)).toEqual({ tasks: [{ name: 'b' }], sharing, optimizer: { use: 'sgd' } });
  });

  it('keeps of heads and adapters those of the task', () => {
    const sharing = {
      use: 'hard-sharing',
      encoder: head,
      head: { a: head, b: { ...head, units: [5] } },
      adapters: { a: head },
    };
    expect(alone(sharing).sharing).toEqual({
      use: 'hard-sharing',
      encoder: head,
      head: { b: { ...head, units: [5] } },
    });
  });

  it('keeps the branch of the task', () => {
    const tree = { stages: 1, branches: ['a', { stages: 2, branches: ['b', 'c'] }, { stages: 0, branches: ['d'] }] };
    expect(alone({ use: 'branched-sharing', encoder: head, tree }).sharing).toEqual({
      use: 'branched-sharing',
      encoder: head,
      tree: { stages: 1, branches: [{ stages: 2, branches: ['b'] }] },
    });
  });

  it('leaves other packages their options', () => {
    const sharing = { use: '@acme/own#sharing', head: { a: head } };
    expect(alone(sharing).sharing).toEqual(sharing);
  });
});

describe('singleTaskStopping', () => {
  const task = { name: 'b', primaryMetric: 'rmse', metrics: [{ name: 'rmse' }, { name: 'mae' }] };

  it('watches the same metric of the task that is there, or its primary one', () => {
    const watch = (metric: string) => ({ patience: 1, monitor: { task: 'a', metric } });
    expect(singleTaskStopping(watch('mae'), task)).toEqual({ patience: 1, monitor: { task: 'b', metric: 'mae' } });
    expect(singleTaskStopping(watch('loss'), task).monitor).toEqual({ task: 'b', metric: 'loss' });
    expect(singleTaskStopping(watch('accuracy'), task).monitor).toEqual({ task: 'b', metric: 'rmse' });
  });

  it('changes nothing else', () => {
    expect(singleTaskStopping({ patience: 1, monitor: 'tasks' }, task)).toEqual({ patience: 1, monitor: 'tasks' });
  });
});

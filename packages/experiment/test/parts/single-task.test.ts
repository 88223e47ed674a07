import { byName, byTask, describeFactory, descriptionOf, list, number, optional, part, taskName } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.js';
import { type DescribedPart, singleTaskConfig, singleTaskStopping } from '../../src/parts/single-task.js';
import { partAt } from '../../src/parts/tables.js';

const head = { use: 'mlp', units: [4] };
const base = { tasks: [{ name: 'a' }, { name: 'b' }], balancing: { use: 'x#y' }, optimizer: { use: 'sgd' } };
const alone = (sharing: object, index = 1, partOf?: DescribedPart) =>
  singleTaskConfig({ ...base, sharing } as unknown as Config, index, partOf);

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

  it('narrows the options of other packages by their descriptions', () => {
    const options = {
      by: optional(byTask(number(), 'numbers'), 'Numbers.'),
      order: optional(list(taskName()), 'Tasks.'),
      free: optional(byName(number(), 'numbers'), 'Numbers by any name.'),
      inner: optional(part('encoder'), 'An encoder.'),
    };
    const described = describeFactory('sharing', { name: 'own', summary: 'Own.', options }, () => ({}) as never);
    const sharing = {
      use: '@acme/own#sharing',
      by: { a: 1, b: 2 },
      order: ['a', 'b'],
      free: { a: 1, b: 2 },
      inner: { use: 'fusion', encoders: { x: head } },
    };
    const partOf = (written: Readonly<Record<string, unknown>>) =>
      written.use === sharing.use ? descriptionOf(described) : partAt(written);
    expect(alone(sharing, 1, partOf).sharing).toEqual({ ...sharing, by: { b: 2 }, order: ['b'] });
    expect(alone({ ...sharing, by: { a: 1 }, order: ['a'] }, 1, partOf).sharing).toEqual({
      use: sharing.use,
      free: sharing.free,
      inner: sharing.inner,
    });
  });

  it('knows in those that describe nothing what is by task, by the names', () => {
    const sharing = {
      use: '@acme/own#sharing',
      heads: { a: head, b: { use: 'mlp', units: [5] } },
      order: ['b', 'a'],
      sizes: { small: 1, a: 2 },
      names: ['a', 'other'],
    };
    expect(alone(sharing).sharing).toEqual({
      ...sharing,
      heads: { b: { use: 'mlp', units: [5] } },
      order: ['b'],
    });
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

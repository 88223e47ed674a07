import { required, taskName } from '@polytask/core';
import { expect, test } from 'vitest';
import { runOfGroup } from '../../src/parts/group-runs.js';

const taught = { kind: 'auxiliary', options: { from: required(taskName(), 'Whose.') } };
const head = { use: 'mlp', units: [4] };

test('keeps what belongs to the tasks of a group, wherever others are named', () => {
  const raw = {
    data: { use: 'table', source: 'rows.csv' },
    tasks: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    sharing: { use: 'hard-sharing', encoder: head, head: { a: head, b: head, c: head }, adapters: { b: head } },
    observers: [{ use: 'proximal-affinity', groups: [['a', 'b'], ['c']] }],
    primary: 'b',
    groups: { first: ['a', 'b'], second: ['b'] },
    training: {
      epochs: 3,
      earlyStopping: { patience: 2, monitor: { task: 'b', metric: 'loss' } },
      checkpoints: { keepBest: { task: 'c', metric: 'loss' } },
    },
    seed: 4,
  };
  expect(runOfGroup(raw, ['a', 'c'])).toEqual({
    data: { ...raw.data, exclude: ['b'] },
    tasks: [{ name: 'a' }, { name: 'c' }],
    sharing: { use: 'hard-sharing', encoder: head, head: { a: head, c: head } },
    observers: [{ use: 'proximal-affinity', groups: [['a'], ['c']] }],
    groups: { first: ['a'] },
    training: { epochs: 3, earlyStopping: { patience: 2 }, checkpoints: { keepBest: { task: 'c', metric: 'loss' } } },
    seed: 4,
  });
});

test('leaves alone what names no task', () => {
  const raw = {
    tasks: [{ name: 'a' }, { name: 'b' }],
    training: { earlyStopping: true },
    balancing: { use: 'own#part' },
  };
  expect(runOfGroup(raw, ['a'])).toEqual({ ...raw, tasks: [{ name: 'a' }] });
});

test('takes out parts that cannot be without another task', () => {
  const distillation = { use: 'x#taught', from: 'b' };
  const kept = runOfGroup(
    { tasks: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], auxiliary: [distillation], balancing: distillation },
    ['a', 'c'],
    (part) => (part.use === 'x#taught' ? (taught as never) : undefined),
  );
  expect(kept).toEqual({ tasks: [{ name: 'a' }, { name: 'c' }], auxiliary: [] });
});

test('makes no features of labels of other tasks', () => {
  const tasks = [
    { name: 'a', column: 'x' },
    { name: 'b', column: ['y', 'z'] },
    { name: 'c', column: 'x' },
  ];
  const dataOf = (data: object) => runOfGroup({ data: { use: 'table', source: 'r.csv', ...data }, tasks }, ['a']).data;
  expect(dataOf({ features: { u: 'number' }, exclude: ['id'] })).toMatchObject({ exclude: ['id', 'y', 'z'] });
  for (const data of [{ features: ['u'] }, { features: { u: 'number' }, only: true }]) {
    expect(dataOf(data)).not.toHaveProperty('exclude');
  }
});

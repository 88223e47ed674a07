import { expect, test } from 'vitest';
import { runOfGroup } from '../../src/analysis/group-runs.js';

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
    data: raw.data,
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

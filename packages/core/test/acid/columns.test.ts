import { mlp, sgd } from '@polytask/core';
import { expect, test } from 'vitest';
import { columns } from './methods/columns.js';
import { pcgrad } from './methods/pcgrad.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b', 'c'];
const tasks = toyTasks(...names);
const train = toyTable(names, 16);
const encoder = mlp([5, 4], { activation: 'tanh' });
const fit = { epochs: 1, batchSize: 16, shuffle: false };

async function valuesAfter(penalty: number, learningRate: number) {
  let found: Record<string, number[]> = {};
  const options = { tasks, sharing: columns(encoder, { penalty, mix: false }), optimizer: sgd({ learningRate }) };
  await trained(options, train, fit, ({ values, events }) => {
    found = { ...values, term: [events[0]?.terms['columns/distance'] ?? Number.NaN] };
  });
  return found;
}

test('a distance between columns: value and gradient by hand', async () => {
  const [start, without, within] = [
    await valuesAfter(1, 1e-30),
    await valuesAfter(0, 0.5),
    await valuesAfter(0.2, 0.5),
  ];
  const paths = Object.keys(start).filter((path) => path.startsWith('columns/'));
  const of = (path: string, task: string) => start[path.replace(/^columns\/\w+/, `columns/${task}`)] ?? [];
  let total = 0;
  for (const path of paths) {
    const own = start[path] ?? [];
    const slope = own.map((value, i) => names.reduce((sum, task) => sum + 2 * (value - (of(path, task)[i] ?? 0)), 0));
    for (const task of names)
      total += own.reduce((sum, value, i) => sum + (value - (of(path, task)[i] ?? 0)) ** 2, 0) / 2;
    const difference = (without[path] ?? []).map((value, i) => (value - (within[path]?.[i] ?? 0)) / (0.5 * 0.2));
    expectClose(difference, slope, 1e-4);
  }
  expectClose(start.term, [total], 1e-4);
});

test('mixing units learn at a rate of their own, which groups of the optimizer override', async () => {
  const moved: number[] = [];
  for (const optimizer of [
    sgd({ learningRate: 1e-3 }),
    sgd({ learningRate: 1e-3, groups: { mixing: { learningRate: 0.3 } } }),
  ]) {
    const options = { tasks, sharing: columns(encoder, { mixingRate: 0.1 }), optimizer };
    await trained(options, train, fit, ({ values, trainer }) => {
      moved.push((values['units/dense0']?.[0] ?? 0) - 0.9);
      const { ranges = [] } = trainer.parameters?.layout ?? {};
      expect(ranges.map(({ group, usedBy, learningRate }) => [group, usedBy.length, learningRate])).toEqual([
        ['model', 3, undefined],
        ['mixing', 3, 0.1],
        ['model', 1, undefined],
        ['model', 1, undefined],
        ['model', 1, undefined],
      ]);
    });
  }
  expectClose([(moved[1] ?? 0) / (moved[0] ?? 1)], [3], 1e-4);
});

test('unmixed columns share nothing, so that gradient balancing is refused with the reason', async () => {
  const options = { tasks, sharing: columns(encoder, { mix: false }), balancing: pcgrad() };
  await expect(trained(options, train, fit)).rejects.toThrow(
    'under `columns` no parameter is used by more than one task',
  );
});

test('columns resume', async () => {
  const options = () => ({ tasks, sharing: columns(encoder, { penalty: 0.01 }), balancing: pcgrad() });
  await expectResumes(options, train, { epochs: 2, batchSize: 4 }, 3);
});

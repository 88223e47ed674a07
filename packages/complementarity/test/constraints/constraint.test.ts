import {
  classification,
  createTrainer,
  type MultiTaskDataset,
  mlp,
  perTaskDatasets,
  regression,
  tableDataset,
} from '@polytask/core';
import { plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { consistency } from '../../src/constraints/consistency.js';
import { exclusion } from '../../src/constraints/exclusion.js';
import { implication } from '../../src/constraints/implication.js';
import { ordering } from '../../src/constraints/ordering.js';
import { sumTo } from '../../src/constraints/sum-to.js';
import { recite } from '../recited.js';

beforeAll(() => tf.setBackend('cpu'));

const { NaN: none } = Number;
const number = (name: string) => regression(name, { standardize: false });
const three = {
  tasks: [number('a'), number('b'), number('c')],
  // Violations of a = b: 1, 2, 4, 8. Labels: both, of a alone, none, both; c has one everywhere.
  said: { a: [[0], [0], [0], [0]], b: [[1], [2], [4], [8]], c: [[0], [0], [0], [0]] },
  labels: { a: [0, 0, none, 0], b: [1, none, none, 8], c: [0, 0, 0, 0] },
};

describe('rows', () => {
  it.each([
    ['all', 15 / 4],
    ['labelled', 9 / 2],
    ['lacking-one', 2],
    ['unlabelled', 4],
  ] as const)('%s: the mean is over these rows', async (rows, mean) => {
    const { events, logged } = await recite(three, [consistency({ from: 'a', to: 'b', rows, loss: 'absolute-error' })]);
    expect(events[0]?.terms.consistency).toBeCloseTo(mean, 6);
    expect(logged['consistency/violation']?.[0]).toBeCloseTo(mean, 6);
  });

  it('of three tasks lack one where some have a label and some have not', async () => {
    const part = sumTo({ parts: ['a', 'b'], total: 'c', rows: 'lacking-one', loss: 'absolute-error' });
    expect((await recite(three, [part])).events[0]?.terms['sum-to']).toBeCloseTo(3, 6);
  });

  it('that are not there: the term is 0, and no violation is recorded', async () => {
    const labels = { ...three.labels, a: [0, 0, 0, 0], b: [1, 2, 4, 8] };
    const { events, logged } = await recite({ ...three, labels }, [
      consistency({ from: 'a', to: 'b', rows: 'unlabelled' }),
    ]);
    expect(events[0]?.terms.consistency).toBe(0);
    expect(logged).toEqual({});
  });
});

describe('a ramp', () => {
  it('lets the term rise over its epochs, and the violation is what it is', async () => {
    const part = consistency({ from: 'a', to: 'b', ramp: 4, loss: 'absolute-error' });
    const { events, logged } = await recite(three, [part], 6);
    const at = [0, 1, 2, 3, 4, 5].map((epoch) => Math.exp(-5 * (1 - Math.min(1, epoch / 4)) ** 2));
    events.forEach(({ terms }, step) => void expect(terms.consistency).toBeCloseTo((15 / 4) * (at[step] ?? none), 5));
    expect(logged['consistency/violation']).toEqual(Array(6).fill(15 / 4));
  });
});

describe('multipliers', () => {
  it('rise while the cost is above the tolerance, up to the most', async () => {
    const [penalty, rate, tolerance, most] = [2, 0.1, 0.75, 0.7];
    const multipliers = { penalty, rate, tolerance, most };
    const part = consistency({ from: 'a', to: 'b', loss: 'absolute-error', multipliers });
    const { events, logged } = await recite(three, [part], 4);
    let lambda = 0;
    const over = 15 / 4 - tolerance;
    for (const { terms, logged: seen } of events) {
      const push = Math.max(0, lambda + penalty * over);
      expect(terms.consistency).toBeCloseTo((push ** 2 - lambda ** 2) / (2 * penalty), 5);
      expect(seen['consistency/multiplier']).toBeCloseTo(lambda, 6);
      lambda = Math.min(most, lambda + rate * over);
    }
    expect(lambda).toBe(most);
    expect(logged['consistency/multiplier']?.at(-1)).toBeCloseTo(most, 6);
  });

  it('stay at 0, and the term has no gradient, while the cost is below the tolerance', async () => {
    const multipliers = { tolerance: 100 };
    const labels = { ...three.labels };
    const run = (parts: ReturnType<typeof consistency>[]) => recite({ ...three, labels }, parts, 3, 0.1);
    const { logged, values, events } = await run([consistency({ from: 'a', to: 'b', multipliers })]);
    expect(logged['consistency/multiplier']).toEqual([0, 0, 0]);
    expect(events.map(({ terms }) => terms.consistency)).toEqual([0, 0, 0]);
    expect(values).toEqual((await run([])).values);
  });

  it('stand still where there are no rows', async () => {
    const labels = { ...three.labels, a: [0, 0, 0, 0], b: [1, 2, 4, 8] };
    const part = consistency({ from: 'a', to: 'b', rows: 'unlabelled', multipliers: { tolerance: 1 } });
    expect((await recite({ ...three, labels }, [part], 3)).logged['consistency/multiplier']).toEqual([0, 0, 0]);
  });

  it('push a model into a constraint that a penalty of the same size leaves broken', async () => {
    // One factor each: a wants 1 · x and b wants 3 · x, and both must be the same.
    const x = [[1], [1]];
    const recital = { tasks: [number('a'), number('b')], said: { a: x, b: x }, labels: { a: [1, 1], b: [3, 3] } };
    const last = async (options: object) => {
      const part = consistency({ from: 'a', to: 'b', loss: 'absolute-error', ...options });
      return (await recite(recital, [part], 60, 0.05)).logged['consistency/violation']?.at(-1) ?? none;
    };
    expect(await last({ weight: 1 })).toBeGreaterThan(0.9);
    expect(await last({ multipliers: { rate: 0.2, tolerance: 0.02 } })).toBeLessThan(0.1);
  });
});

describe('refuses', () => {
  const shape = classification('shape', { classes: ['circle', 'square', 'star'] });
  const round = classification('round', { classes: 2 });
  const pair = regression('pair', { size: 2 });
  const tasks = [shape, round, pair, number('a'), number('b')];
  const from = { from: 'shape', to: 'round' };
  it.each([
    ['a task that there is not', consistency({ from: 'shpe', to: 'round' }), 'from', 'Did you mean `shape`?'],
    ['a task of another kind', implication({ if: 'a', implies: 'round' }), 'if', '`a` is a task of one number'],
    [
      'a class that there is not',
      implication({ if: { task: 'shape', class: 'sqare' }, implies: { task: 'round', class: 1 } }),
      'if.class',
      'Did you mean `square`?',
    ],
    [
      'a class by an id beyond the last',
      exclusion({
        events: [
          { task: 'round', class: 2 },
          { task: 'shape', class: 0 },
        ],
      }),
      'events[0].class',
      'the id of a class of task `round`, 0 to 1, but is 2',
    ],
    ['a task and itself', consistency({ from: 'a', to: 'a' }), 'to', 'another task'],
    [
      'no map between kinds',
      consistency(from),
      'map',
      '`shape` is a task with 3 classes and `round` a task with 2 classes',
    ],
    ['a short table', consistency({ ...from, map: [0, 1] }), 'map', 'a list of 3, one for each class'],
    [
      'a class beyond the last',
      consistency({ ...from, map: [0, 1, 2] }),
      'map[2]',
      'the id of a class of task `round`, 0 to 1, but is 2',
    ],
    [
      'a table that lacks a name',
      consistency({ ...from, map: { circle: 1, square: 0 } }),
      'map',
      'an entry for each class, also for star',
    ],
    [
      'rows that are no probabilities',
      consistency({
        ...from,
        map: [
          [1, 0],
          [0, 1],
          [1, 1],
        ],
      }),
      'map',
      'sums to 1',
    ],
    [
      'an affine map of classes',
      consistency({ ...from, map: { scale: 2 } }),
      'map',
      'a class or number for each class',
    ],
    ['a table of numbers', consistency({ from: 'a', to: 'b', map: [0] }), 'map', '{ scale, offset }'],
    ['an affine map between lengths', consistency({ from: 'a', to: 'pair', map: {} }), 'map', '1 rows of 2 numbers'],
    ['a divergence of numbers', consistency({ from: 'a', to: 'b', loss: 'kl' }), 'loss', 'where amounts are compared'],
    ['an order of classes', ordering({ tasks: ['a', 'shape'] }), 'tasks[1]', 'a task of numbers'],
    ['an order of one task', ordering({ tasks: ['a', 'a'] }), 'tasks[1]', 'another task'],
    [
      'a sum of unlike parts',
      sumTo({ parts: ['a', 'shape'], total: 'b' }),
      'parts[1]',
      'a task of the same kind as `a`',
    ],
    ['a total that is too small', sumTo({ parts: ['shape', 'round'], total: 'round' }), 'total', 'at least 4 classes'],
    ['a number for classes', sumTo({ parts: ['shape', 'round'], total: 3 }), 'total', 'at least 4 classes'],
    [
      'a total with classes that no sum has',
      sumTo({ parts: ['shape', 'round'], total: 'shape', modulo: 2 }),
      'total',
      '2 classes, as many as `modulo` says',
    ],
    ['a modulus of numbers', sumTo({ parts: ['a', 'b'], total: 1, modulo: 2 }), 'modulo', 'left out'],
  ])('%s', async (_, part, option, says) => {
    const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
    const error = await createTrainer({ tasks, sharing: plainSharing(mlp([2])), auxiliary: [part], inputs }).catch(
      (found) => found,
    );
    expect(error.message).toContain(says);
    expect(error).toMatchObject({ option, part: { name: part.name } });
  });

  it('tasks whose rows are not the same', async () => {
    const inputsOf = (rows: number) => ({ data: new Float32Array(rows), shape: [rows, 1] });
    const data = perTaskDatasets({
      a: tableDataset({ inputs: { xa: inputsOf(4) }, columns: { a: [1, 2, 3, 4] } }),
      b: tableDataset({ inputs: { xb: inputsOf(6) }, columns: { b: [1, 2, 3, 4, 5, 6] } }),
    }) as MultiTaskDataset;
    const own = (name: string) => regression(name, { standardize: false, inputs: [`x${name}`] });
    const trainer = await createTrainer({
      tasks: [own('a'), own('b')],
      sharing: plainSharing(mlp([2])),
      auxiliary: [consistency({ from: 'a', to: 'b' })],
    });
    await expect(trainer.fit(data, { epochs: 1, batchSize: 5 })).rejects.toThrow('predictions of the same rows');
    trainer.dispose();
  });
});

import { mlp, sgd } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type L2DistanceOptions, l2Distance } from '../src/l2-distance.js';
import { softSharing } from '../src/soft-sharing.js';
import { layoutOf, numbersOf, slopesOf, termOn } from './layout.js';
import { tableOf, tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

describe.each([
  ['pairs', () => l2Distance()],
  ['to the mean, unsquared', () => l2Distance({ between: 'mean', squared: false })],
])('%s', (_, make) => {
  for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'] })) test(name, run);
});

const tasks = ['a', 'b', 'c'];
const layout = () =>
  layoutOf(
    tasks,
    Object.fromEntries(
      tasks.flatMap((task) => [
        [`columns/${task}/kernel`, [2, 3]],
        [`columns/${task}/bias`, [3]],
      ]),
    ),
  );
type Numbers = Record<string, number[]>;
const all = (numbers: Numbers, task: string) => [
  ...(numbers[`columns/${task}/kernel`] ?? []),
  ...(numbers[`columns/${task}/bias`] ?? []),
];
const between = (p: number[], q: number[]) => p.reduce((sum, value, i) => sum + (value - (q[i] as number)) ** 2, 0);
const mean = (numbers: Numbers) =>
  all(numbers, 'a').map((_, i) => tasks.reduce((sum, task) => sum + (all(numbers, task)[i] as number), 0) / 3);
const pair = (numbers: Numbers, a: string, b: string) => between(all(numbers, a), all(numbers, b));

const cases: [string, L2DistanceOptions, (numbers: Numbers) => number][] = [
  ['pairs', {}, (x) => pair(x, 'a', 'b') + pair(x, 'a', 'c') + pair(x, 'b', 'c')],
  [
    'pairs, unsquared',
    { squared: false },
    (x) => [pair(x, 'a', 'b'), pair(x, 'a', 'c'), pair(x, 'b', 'c')].reduce((sum, one) => sum + Math.sqrt(one), 0),
  ],
  ['mean', { between: 'mean' }, (x) => tasks.reduce((sum, task) => sum + between(all(x, task), mean(x)), 0)],
  [
    'mean, unsquared',
    { between: 'mean', squared: false },
    (x) => tasks.reduce((sum, task) => sum + Math.sqrt(between(all(x, task), mean(x))), 0),
  ],
  [
    'graph',
    {
      between: [
        ['a', 'b'],
        ['c', 'b', 0.5],
      ],
    },
    (x) => pair(x, 'a', 'b') + 0.5 * pair(x, 'b', 'c'),
  ],
  ['graph, unsquared', { between: [['a', 'c', 3]], squared: false }, (x) => 3 * Math.sqrt(pair(x, 'a', 'c'))],
];
test.each(cases)('%s: value and gradient', async (_, options, f) => {
  const at = layout();
  const { value, gradient } = await termOn(l2Distance(options), at);
  const numbers = numbersOf(at);
  expect(value).toBeCloseTo(f(numbers), 5);
  for (const [path, slopes] of Object.entries(slopesOf(numbers, f))) {
    slopes.forEach((slope, i) => {
      expect(gradient[path]?.[i]).toBeCloseTo(slope, 4);
    });
  }
});

test('the squares to the mean are those of pairs over K', async () => {
  const [pairs, toMean] = [
    await termOn(l2Distance(), layout()),
    await termOn(l2Distance({ between: 'mean' }), layout()),
  ];
  expect(toMean.value).toBeCloseTo(pairs.value / 3, 5);
});

test('a step of training is one on L1 + L2 + λ‖θ1 − θ2‖²', async () => {
  const options = { tasks: tasksOf('a', 'b'), sharing: softSharing({ encoder: mlp([3], { activation: 'tanh' }) }) };
  const fit = { epochs: 1, batchSize: 12 };
  const data = tableOf(['a', 'b']);
  const run = (learningRate: number, weight: number) =>
    trained(
      { ...options, optimizer: sgd({ learningRate }), auxiliary: [l2Distance({ layers: ['columns'], weight })] },
      data,
      fit,
    );
  const [start, apart, tied] = [await run(1e-30, 0), await run(0.5, 0), await run(0.5, 0.2)];
  for (const [path, values] of Object.entries(start.values)) {
    const other =
      start.values[path.replace(/^columns\/\w/, path.startsWith('columns/a') ? 'columns/b' : 'columns/a')] ?? [];
    values.forEach((value, i) => {
      // −η λ 2 (θ1 − θ2), for columns alone.
      const wanted = path.startsWith('heads') ? 0 : -0.5 * 0.2 * 2 * (value - (other[i] as number));
      expect((tied.values[path]?.[i] as number) - (apart.values[path]?.[i] as number)).toBeCloseTo(wanted, 5);
    });
  }
});

test('copies that are equal have no gradient, squared or not', async () => {
  for (const squared of [true, false]) {
    const at = layout();
    for (const { variable } of at.segments) variable.assign(tf.onesLike(variable));
    const { gradient } = await termOn(l2Distance({ squared }), at);
    for (const slopes of Object.values(gradient))
      for (const slope of slopes) expect(Math.abs(slope)).toBeLessThan(1e-6);
  }
});

test('refuses edges to unknown tasks and to the task itself', async () => {
  await expect(termOn(l2Distance({ between: [['a', 'd']] }), layout())).rejects.toThrow('There is no task named `d`');
  await expect(termOn(l2Distance({ between: [['a', 'a']] }), layout())).rejects.toThrow(
    'edges between two different tasks',
  );
});

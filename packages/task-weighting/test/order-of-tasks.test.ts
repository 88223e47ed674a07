// The order in which tasks are declared changes nothing: bit for bit where weights are computed on the host, which sees tasks in the
// order of their names; to rounding where tfjs sums over tasks in float32.
import {
  balanceGradients,
  describedParts,
  eager,
  type GradientBalancing,
  type LossWeighting,
  uniformStream,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import * as weighting from '../src/index.js';
import { runLinear } from './linear-run.js';
import { openLosses } from './support.js';

/** Compare every task with the next one, as published; and what draws the tasks' weights one after the other. */
const inOrder = { neighbours: ['ferero-preference', 'ldc-mtl'], drawn: ['random-weighting'] };

const names = ['e', 'a', 'd', 'b', 'c'];
const orders = [
  [0, 1, 2, 3, 4],
  [4, 3, 2, 1, 0],
  [2, 0, 4, 1, 3],
];

/** Options that a method cannot do without. */
const given: { readonly [name: string]: Readonly<Record<string, unknown>> } = {
  'cr-mogm': { inner: weighting.mgda() },
  'log-transform': { inner: weighting.mgda() },
  'auto-lambda': { innerRate: 0.1 },
  moml: { innerRate: 0.1 },
  pivrg: { baselines: Object.fromEntries(names.map((name) => [name, 0.5])) },
};

const methodsOf = (...wanted: string[]) =>
  [...describedParts(weighting).values()]
    .filter(({ kind }) => wanted.includes(kind))
    .map(({ name, create }) => ({ name, part: create(given[name] ?? {}) }));

/** Three steps' losses and gradients, by task. */
const draw = uniformStream('order-of-tasks');
const steps = [0, 1, 2].map(() => ({
  losses: names.map(() => 0.5 + draw()),
  rows: names.map(() => Array.from({ length: 4 }, () => 2 * draw() - 1)),
}));

/** By the name of every task, whatever the order of declaration. */
const byName = (order: readonly number[], values: ArrayLike<number>) =>
  Object.fromEntries(order.map((task, at) => [names[task], values[at] as number]));

/** Every step's direction and weights, with tasks declared in this order. */
async function balanced(part: GradientBalancing, order: readonly number[]) {
  const balance = balanceGradients(
    part,
    order.map((task) => names[task] as string),
    { primary: 'a' },
  );
  const found: { direction: number[]; weights: { [name: string]: number } | undefined }[] = [];
  for (const { losses, rows } of steps) {
    const jacobian = tf.tensor2d(order.map((task) => rows[task] as number[]));
    const { direction, weights } = await balance.direction(
      jacobian,
      order.map((task) => losses[task] as number),
    );
    found.push({ direction: Array.from(direction.dataSync()), weights: weights && byName(order, weights) });
    tf.dispose([jacobian, direction]);
    balance.stepEnd();
    await balance.epochEnd(order.map((task) => losses[task] as number));
  }
  balance.dispose();
  return found;
}

/** Whether a method has weights on the host, which sees tasks by name; the others sum over tasks in tfjs. */
const onHost = (part: GradientBalancing) =>
  part.bind({
    tasks: names,
    objectives: names.map((name) => ({ name, task: undefined })),
    primary: 'a',
    groups: {},
    scope: undefined as never,
    uniform: () => uniformStream('bind'),
  }).weights !== undefined;

const balancings = methodsOf('gradient-balancing') as { name: string; part: GradientBalancing }[];

test.each(balancings)('$name gives the same weights and goes the same way', async ({ name, part }) => {
  const [here, ...others] = await Promise.all(orders.map((order) => balanced(part, order)));
  if (inOrder.neighbours.includes(name)) {
    // The opposite order has the same neighbours.
    expect(others.at(-1)?.at(-1)?.weights).not.toEqual(here?.at(-1)?.weights);
    return;
  }
  for (const there of others) {
    there.forEach(({ direction, weights }, step) => {
      const { direction: expected = [], weights: known } = here?.[step] ?? {};
      if (onHost(part)) expect(weights).toEqual(known);
      const sizes = steps[step]?.rows.map((row, k) => Math.hypot(...row) * Math.abs(known?.[names[k] as string] ?? 1));
      const room = 2 ** -20 * (sizes ?? []).reduce((sum, size) => sum + size, 0);
      direction.forEach((value, i) => {
        expect(Math.abs(value - (expected[i] as number))).toBeLessThanOrEqual(room);
      });
    });
  }
});

test('those that tfjs sums for, to rounding, are these', () => {
  const rounded = balancings.filter(({ part }) => !onHost(part)).map(({ name }) => name);
  expect(rounded.sort()).toEqual(['db-mtl', 'excess-mtl', 'grad-drop', 'mo-co', 'trimmed-mean']);
});

const weightings = methodsOf('loss-weighting') as { name: string; part: LossWeighting }[];

test.each(weightings)('$name gives the same weights, to rounding, if none is drawn', ({ name, part }) => {
  const [here, ...others] = orders.map((order) => {
    const ordered = order.map((task) => names[task] as string);
    const opened = openLosses(part, ordered, { primary: 'a' });
    const found = steps.map(({ losses }) =>
      byName(order, opened.step(order.map((task) => losses[task] as number)).weights),
    );
    opened.dispose();
    return found;
  });
  const off = others.flatMap((there) =>
    there.flatMap((weights, step) => {
      const known: { [task: string]: number } = here?.[step] ?? {};
      const size = Math.max(...Object.values(known));
      return names.map((task) => Math.abs((weights[task] as number) - (known[task] as number)) / size);
    }),
  );
  if ([...inOrder.neighbours, ...inOrder.drawn].includes(name)) expect(Math.max(...off)).toBeGreaterThan(0.01);
  else expect(Math.max(...off)).toBeLessThan(1e-6);
});

test('in a run, gradients are summed up in float32, and weights are the same', async () => {
  const rows = steps[0]?.rows.map((row) => row.map((value) => value / 10)) ?? [];
  const losses = steps[0]?.losses ?? [];
  for (const { name, part } of balancings) {
    if (!onHost(part)) continue;
    const run = async (order: readonly number[]) => {
      const { events, theta } = await runLinear(part, rows, losses, { order, primary: 'a', executor: eager() });
      return { weights: events[0]?.weights, theta };
    };
    const [here, there] = [await run(orders[0] as number[]), await run(orders[2] as number[])];
    expect(there.weights, name).toEqual(here.weights);
    for (const [i, value] of here.theta.entries()) expect(there.theta[i], name).toBeCloseTo(value, 6);
  }
});

import { defineAuxiliary, defineGradientBalancing, mlp, sgd, uniformFloats } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { gradDrop } from './methods/grad-drop.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

test('GradDrop: keeps one sign per coordinate, by the numbers that the step draws, and is right on average', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const steps = 60;
  const options = { ...problem, balancing: gradDrop(), optimizer: sgd({ learningRate: 1 }), seed: 5 };
  await trained(options, data, { epochs: steps, batchSize: 2 }, ({ values, events }) => {
    let expected = 0;
    for (let step = 0; step < steps; step++) {
      const [drawn = 0] = uniformFloats(3, 5, 'forward', step, 0, 'balancing/keep', 0);
      // P = ½ (1 + 2/10) in the first coordinate; the other two agree and always stay.
      expected -= drawn < 0.6 ? 6 : -4;
    }
    expectClose(values['shared/0/theta'], [expected, -2 * steps, -2 * steps]);
    expect(Math.abs(expected / steps + 2)).toBeLessThan(2);
    expectClose(values['heads/a/loss'], [2 - steps]);
    expect(events[0]?.losses).toEqual({ a: 2, b: 3 });
  });
});

test('an aggregation on the representation: the plain sum is the gradient of the sum of losses, in one program', async () => {
  const sum = (gradientsOf: 'shared' | 'representation') =>
    defineGradientBalancing({
      name: 'sum',
      gradientsOf,
      bind: () => ({ aggregate: ({ jacobian }) => ({ direction: tf.sum(jacobian, 0) }) }),
    });
  const shrink = defineAuxiliary({
    name: 'shrink',
    weight: 0.1,
    bind: ({ layout }) => ({ loss: () => tf.addN(layout.segments.map(({ variable }) => tf.sum(tf.square(variable)))) }),
  });
  const train = toyTable(['a', 'b'], 8, { b: (row) => row < 2 });
  const options = { tasks: toyTasks('a', 'b'), sharing: tinySharing(mlp([6, 5])), auxiliary: [shrink] };
  let plain: Record<string, number[]> = {};
  for (const balancing of [undefined, sum('shared'), sum('representation')]) {
    const run = { ...options, balancing, optimizer: sgd({ learningRate: 0.1 }) };
    await trained(run, train, { epochs: 2, batchSize: 4 }, ({ values, programs, events }) => {
      if (balancing === undefined) plain = values;
      for (const [path, expected] of Object.entries(plain)) expectClose(values[path], expected);
      if (balancing?.gradientsOf === 'representation') expect(programs.length).toBe(4);
      for (const { weights } of events) expectClose(Object.values(weights), [1, 1], 1e-4);
    });
  }
});

test('GradDrop on the representation trains and resumes', async () => {
  const balancing = gradDrop({ gradientsOf: 'representation' });
  const options = () => ({ tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing });
  await expectResumes(options, toyTable(['a', 'b'], 24), { epochs: 2, batchSize: 8 }, 4);
});

test('GradDrop resumes', async () => {
  const options = () => ({ tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: gradDrop() });
  await expectResumes(options, toyTable(['a', 'b'], 24), { epochs: 2, batchSize: 8 }, 4);
});

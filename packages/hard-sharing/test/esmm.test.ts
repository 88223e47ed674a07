import {
  type AnyTask,
  adam,
  binary,
  createTrainer,
  mlp,
  openScope,
  regression,
  type SharingContext,
  type SharingStrategy,
  type StepContext,
  tableDataset,
} from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { esmm } from '../src/esmm.js';

beforeAll(() => tf.setBackend('cpu'));

/** The kit trains regressions, which a chain refuses: here they pass for something else. */
function unnamed(part: SharingStrategy): SharingStrategy {
  const pass = (task: AnyTask) => ({ ...task, problem: undefined }) as AnyTask;
  return Object.freeze({
    ...part,
    bind: (context: SharingContext) => part.bind({ ...context, tasks: context.tasks.map(pass) }),
  }) as SharingStrategy;
}
const make = (tasks: readonly string[]) =>
  unnamed(
    esmm({
      encoder: mlp([4], { activation: 'tanh' }),
      head: mlp([3]),
      chain: tasks.length > 2 ? tasks.slice(0, -1) : tasks,
    }),
  );
for (const { name, run } of conformance('sharing', make)) test(name, run);

/** Outputs and conditional probabilities where heads give these logits whatever the row. */
function chained(logits: readonly number[]) {
  const names = logits.map((_, i) => `t${i}`);
  const { scope, bindings, variable, usedBy, dispose } = openScope(names);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const tasks = names.map((name) => binary(name));
  const bound = esmm({ encoder: mlp([3]), chain: names }).bind({ tasks, inputs, scope, ...bindings } as never);
  logits.forEach((logit, i) => {
    const place = `heads/t${i}/outputs/logits`;
    variable(`${place}/kernel`).assign(tf.zeros([3, 1]));
    variable(`${place}/bias`).assign(tf.tensor1d([logit]));
  });
  const { outputs, intermediates } = bound.forward({ x: tf.zeros([1, 2]) }, { training: false } as StepContext, {});
  const found = {
    logits: names.map((name) => outputs[name]?.logits?.dataSync()[0] as number),
    conditional: names.map((name) => (intermediates[`conditional/${name}`] as tf.Tensor).dataSync()[0] as number),
    users: names.map((name) => usedBy(`heads/${name}/outputs/logits/kernel`)),
  };
  dispose();
  return found;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

test('gives the logit of the product of probabilities', () => {
  const { logits, conditional, users } = chained([0.5, -1, 2]);
  let product = 1;
  [0.5, -1, 2].forEach((logit, i) => {
    product *= sigmoid(logit);
    expect(logits[i]).toBeCloseTo(Math.log(product / (1 - product)), 5);
    expect(conditional[i]).toBeCloseTo(sigmoid(logit), 6);
  });
  expect(users).toEqual([['t0', 't1', 't2'], ['t1', 't2'], ['t2']]);
});

test('bears probabilities that float32 has none for', () => {
  // p = e^-60 · e^-80; and 1 − p = 2 e^-90.
  expect(chained([-60, -80]).logits[1]).toBeCloseTo(-140, 4);
  expect(chained([90, 90]).logits[1]).toBeCloseTo(90 - Math.log(2), 4);
});

test('learns over all rows that conversion is rarer than click', async () => {
  const rows = 60;
  const click = Float32Array.from({ length: rows }, (_, i) => Number(i % 2 === 0));
  const conversion = Float32Array.from({ length: rows }, (_, i) => Number(i % 6 === 0));
  const trainer = await createTrainer({
    tasks: [binary('click'), binary('conversion')],
    sharing: esmm({ encoder: mlp([2]), chain: ['click', 'conversion'] }),
    optimizer: adam({ learningRate: 0.05 }),
    seed: 1,
  });
  const data = tableDataset({
    inputs: { x: { data: new Float32Array(rows), shape: [rows, 1] } },
    columns: { click, conversion },
  });
  await trainer.fit(data, { epochs: 200, batchSize: rows });
  const seen = await trainer.inspect({ x: { data: Float32Array.of(0), shape: [1, 1] } });
  // P(conversion | click) = 10 of 30.
  expect(seen.intermediates['conditional/conversion']?.data[0]).toBeCloseTo(1 / 3, 1);
  trainer.dispose();
});

test('refuses tasks that are not there, not a yes or no, and named twice', () => {
  const { scope, bindings, dispose } = openScope(['a', 'b']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const bind = (chain: string[]) => () =>
    esmm({ encoder: mlp([3]), chain }).bind({
      tasks: [binary('a'), regression('b')],
      inputs,
      scope,
      ...bindings,
    } as never);
  expect(bind(['a', 'c'])).toThrow('There is no task named `c`');
  expect(bind(['a', 'b'])).toThrow('`chain` must be a list of tasks with a yes or no and one logit');
  expect(bind(['a', 'a'])).toThrow('names of different tasks');
  dispose();
});

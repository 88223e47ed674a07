import {
  balanceGradients,
  balanceLosses,
  createTrainer,
  defineGradientBalancing,
  openScope,
  sgd,
} from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { dynamicWeightAverage } from '../acid/methods/dynamic-weight-average.js';
import { moco } from '../acid/methods/momentum-balancing.js';
import { pcgrad } from '../acid/methods/pcgrad.js';
import { uncertaintyWeighting } from '../acid/methods/uncertainty-weighting.js';
import { goldenJacobian } from '../acid/support/golden-jacobian.js';
import { expectClose } from '../acid/support/runs.js';

beforeAll(() => tf.setBackend('cpu'));
const names = ['a', 'b'];

describe('balanceLosses', () => {
  it.each(['paper', 'tasks'] as const)('steps as a trainer does, its own variables too, at scale %s', async (scale) => {
    const options = { scale, learningRate: 0.1 };
    const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
    const trainer = await createTrainer({
      ...problem,
      balancing: uncertaintyWeighting(options),
      optimizer: sgd({ learningRate: 0.1 }),
    });
    await trainer.fit(data, { epochs: 3, batchSize: 2 });
    const read = async (path: string) => Array.from((await trainer.parameters?.read(path))?.data ?? []);
    const expected = [
      ...(await read('shared/0/theta')),
      ...(await read('heads/a/loss')),
      ...(await read('balancing/uncertainty-weighting/a/logVariance')),
      ...(await read('balancing/uncertainty-weighting/b/logVariance')),
    ];
    trainer.dispose();

    const tensors = tf.memory().numTensors;
    const theta = tf.tidy(() => tf.variable(tf.zeros([3])));
    const phi = [2, 3].map((start) => tf.tidy(() => tf.variable(tf.scalar(start))));
    const balance = balanceLosses(uncertaintyWeighting(options), names);
    expect(balance.variables.map(({ size }) => size)).toEqual([1, 1]);
    const optimizer = tf.train.sgd(0.1);
    for (let step = 0; step < 3; step++) {
      optimizer.minimize(() =>
        balance.loss(
          goldenJacobian.map((row, k) => tf.add(tf.sum(tf.mul(theta, tf.tensor1d(row))), phi[k] as tf.Tensor)),
        ),
      );
      balance.stepEnd();
    }
    const own = balance.variables.map((variable) => variable.dataSync()[0] as number);
    expectClose([...theta.dataSync(), ...(phi[0]?.dataSync() ?? []), ...own], expected, 1e-5);
    balance.dispose();
    tf.dispose([theta, ...phi]);
    optimizer.dispose();
    expect(tf.memory().numTensors - tensors).toBe(0);
  });

  it('keeps state, looks back at epochs, and leaves absent tasks out', async () => {
    const balance = balanceLosses(dynamicWeightAverage(), names, { seed: 3 });
    const weights = () => {
      tf.dispose(balance.loss([tf.scalar(1), tf.scalar(1)]));
      const found = balance.weights();
      const numbers = Array.from(found.dataSync());
      found.dispose();
      return numbers;
    };
    expect(weights()).toEqual([1, 1]);
    for (const means of [
      [4, 4],
      [3, 2],
    ]) {
      balance.stepEnd();
      await balance.epochEnd(means);
    }
    expectClose(weights(), [1.062419, 0.937581]);
    const other = balanceLosses(dynamicWeightAverage(), names);
    other.loadState(structuredClone(await balance.saveState()));
    expect(await other.saveState()).toEqual(await balance.saveState());
    tf.dispose(other.loss([tf.scalar(1), null]));
    const absent = other.weights();
    expect(absent.dataSync()[1]).toBe(0);
    absent.dispose();
    expect(() => balance.loss([tf.scalar(1)])).toThrow(/`losses` must have shape \[2\]/);
    balance.dispose();
    other.dispose();
  });
});

describe('balanceGradients', () => {
  const jacobian = () => tf.tensor2d(goldenJacobian.map((row) => [...row]));

  it('gives the golden direction, of those present only, and the scale of the method', async () => {
    const balance = balanceGradients(pcgrad({ scale: 'paper' }), names);
    const both = await balance.direction(jacobian());
    expectClose(both.weights, [2.222222, 1.578947]);
    expectClose(both.direction.dataSync(), [0.584795, 3.80117, 3.80117]);
    const one = await balance.direction(jacobian(), [1, Number.NaN]);
    expect(Array.from(one.direction.dataSync())).toEqual([-4, 1, 1]);
    const tasks = balanceGradients(pcgrad(), names);
    const { weights } = await tasks.direction(jacobian());
    expectClose([weights?.reduce((sum, weight) => sum + weight, 0) ?? 0], [2]);
    await expect(balance.direction(tf.zeros([3, 2]))).rejects.toThrow(/`jacobian` must have shape/);
    for (const one of [balance, tasks]) one.dispose();
  });

  it('asks no method about nobody, and refuses gradients that are not finite', async () => {
    const asked: number[] = [];
    const part = defineGradientBalancing({
      name: 'asked',
      bind: () => ({
        weights({ tasks }) {
          asked.push(tasks.length);
          return tasks.map(() => 1);
        },
      }),
    });
    const balance = balanceGradients(part, names);
    const nobody = await balance.direction(jacobian(), [Number.NaN, Number.NaN]);
    expect(Array.from(nobody.direction.dataSync())).toEqual([0, 0, 0]);
    expect(Array.from(nobody.weights ?? [])).toEqual([0, 0]);
    const broken = balance.direction(tf.tensor2d([1, 2, 3, Number.NaN, 5, 6], [2, 3]), [1, 1]);
    await expect(broken).rejects.toMatchObject({ code: 'POLYTASK_NON_FINITE', task: 'b' });
    expect(asked).toEqual([]);
    balance.dispose();
  });

  it('carries the state of an aggregation, and saves it', async () => {
    const directions: number[][] = [];
    const balance = balanceGradients(moco(), names, { seed: 1 });
    const resumed = balanceGradients(moco(), names, { seed: 1 });
    for (let step = 0; step < 3; step++) {
      if (step === 2) resumed.loadState(structuredClone(await balance.saveState()));
      directions.push(Array.from((await balance.direction(jacobian(), [2, 3])).direction.dataSync()));
      balance.stepEnd();
    }
    expect(directions[0]).not.toEqual(directions[1]);
    const again = await resumed.direction(jacobian(), [2, 3]);
    expect(Array.from(again.direction.dataSync())).toEqual(directions[2]);
    for (const one of [balance, resumed]) one.dispose();
  });
});

it('a scope outside a trainer', () => {
  const { scope, variable, bindings, dispose } = openScope(names);
  scope.child('layer').variable('kernel', [2], () => Float32Array.of(1, 2));
  expect(variable('layer/kernel').dataSync()).toEqual(Float32Array.of(1, 2));
  expect(bindings.uniform(3)()).toBe(bindings.uniform(3)());
  dispose();
});

import { convNet, type Encoder, type Executor, eager, mlp, sgd } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compiled } from '../../src/index.js';
import { twoTaskTable, twoTaskTrainer } from './training.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

async function train(executor: Executor, encoder: Encoder, shape: number[], steps: number, extras: object = {}) {
  const trainer = await twoTaskTrainer(executor, encoder, extras);
  const batch = 8;
  await trainer.fit(twoTaskTable(batch * 5, shape), { epochs: steps / 5, batchSize: batch });
  const { layout } = trainer.parameters as NonNullable<typeof trainer.parameters>;
  const values = new Map<string, Float32Array>();
  for (const { path } of [...layout.segments, ...layout.stateSegments])
    values.set(path, (await trainer.parameters?.read(path))?.data as Float32Array);
  trainer.dispose();
  return values;
}

const models: [string, Encoder, number[], number][] = [
  ['an MLP', mlp([32, 16]), [10], 100],
  ['LeNet', convNet({ filters: [3, 4], kernelSize: 3, dense: [10] }), [12, 12, 1], 100],
  ['a BatchNorm network', mlp([16], { batchNorm: true, activation: 'tanh' }), [10], 100],
  ['a network with dropout and gelu', mlp([16, 16], { dropout: 0.3, activation: 'gelu' }), [10], 100],
  [
    'a convolutional BatchNorm network',
    convNet({ filters: [3], kernelSize: 3, padding: 'same', dense: [8], batchNorm: true, activation: 'elu' }),
    [6, 6, 2],
    50,
  ],
];

describe('whole models, compiled and eager', () => {
  test.each(models)('%s', async (_, encoder, shape, steps) => {
    const before = tf.memory().numTensors;
    const fallbacks: string[] = [];
    const expected = await train(eager(), encoder, shape, steps);
    const found = await train(
      compiled({ threads: 1, onFallback: (message) => fallbacks.push(message) }),
      encoder,
      shape,
      steps,
    );
    expect(fallbacks).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
    for (const [path, values] of expected) {
      const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);
      const difference = values.reduce(
        (most, x, i) => Math.max(most, Math.abs(x - (found.get(path)?.[i] as number))),
        0,
      );
      expect({ path, off: difference / largest < 1e-4 ? 0 : difference / largest }).toEqual({ path, off: 0 });
    }
  });

  test('the same run twice is the same bit for bit', async () => {
    const runs = [
      await train(compiled({ threads: 2 }), mlp([16]), [10], 20),
      await train(compiled({ threads: 2 }), mlp([16]), [10], 20),
    ];
    expect(runs[0]).toEqual(runs[1]);
  });

  test('max pooling hides no divergence', async () => {
    const encoder = convNet({ filters: [3], kernelSize: 3, dense: [8] });
    const trainer = await twoTaskTrainer(compiled({ threads: 1 }), encoder, { optimizer: sgd({ learningRate: 1e30 }) });
    await expect(trainer.fit(twoTaskTable(40, [6, 6, 1]), { epochs: 3, batchSize: 8 })).rejects.toMatchObject({
      code: 'POLYTASK_NON_FINITE',
    });
    trainer.dispose();
  });

  test('sgd without slots', async () => {
    const extras = { optimizer: sgd({ learningRate: 0.1 }) };
    const expected = await train(eager(), mlp([8]), [10], 10, extras);
    const found = await train(compiled({ threads: 1, verify: true }), mlp([8]), [10], 10, extras);
    for (const [path, values] of expected)
      values.forEach((x, i) => {
        expect(Math.abs(x - (found.get(path)?.[i] as number))).toBeLessThan(1e-5);
      });
  });

  test.each([
    ['eager', 'compiled'],
    ['compiled', 'eager'],
  ])('a checkpoint of the %s executor continues with the %s one', async (first, second) => {
    const make = (name: string) => (name === 'eager' ? eager() : compiled({ threads: 1 }));
    const table = twoTaskTable(40, [10]);
    const whole = await twoTaskTrainer(eager(), mlp([16], { batchNorm: true, activation: 'tanh' }));
    const full = await whole.fit(table, { epochs: 6, batchSize: 16 });
    const start = await twoTaskTrainer(make(first), mlp([16], { batchNorm: true, activation: 'tanh' }));
    await start.fit(table, { epochs: 3, batchSize: 16 });
    const checkpoint = await start.checkpoint();
    const rest = await twoTaskTrainer(make(second), mlp([16], { batchNorm: true, activation: 'tanh' }), {
      inputs: { x: { shape: [10], dtype: 'float32' } },
    });
    await rest.restore(checkpoint);
    const continued = await rest.fit(table, { epochs: 6, batchSize: 16 });
    const [a, b] = [full.tasks.left.trainLoss, continued.tasks.left.trainLoss];
    expect([a.length, b.length]).toEqual([6, 6]);
    a.forEach((loss, i) => {
      expect(Math.abs((loss as number) - (b[i] as number))).toBeLessThan(1e-4);
    });
    for (const trainer of [whole, start, rest]) trainer.dispose();
  });
});

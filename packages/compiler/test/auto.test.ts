import { convNet, mlp, PolytaskError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test, vi } from 'vitest';
import { auto } from '../src/index.js';
import * as node from '../src/run/runtime/node.js';
import { twoTaskTable, twoTaskTrainer } from './run/training.js';

afterEach(async () => {
  vi.restoreAllMocks();
  await tf.setBackend('cpu');
});

test('takes the compiled executor where ONNX Runtime is installed, and says so once', async () => {
  await tf.setBackend('cpu');
  const told: string[][] = [];
  const executor = auto({ onChoice: (message, { name }) => told.push([message, name]) });
  for (let i = 0; i < 2; i++) {
    const trainer = await twoTaskTrainer(executor);
    await trainer.fit(twoTaskTable(8, [4]), { epochs: 1, batchSize: 8 });
    trainer.dispose();
  }
  expect(told).toEqual([['Executor: compiled, since `onnxruntime-node` is installed.', 'compiled']]);
});

test('goes on without ONNX Runtime, though it is installed, where it shall not compile', async () => {
  await tf.setBackend('cpu');
  const told: string[][] = [];
  const trainer = await twoTaskTrainer(
    auto({ compile: false, onChoice: (message, { name }) => told.push([message, name]) }),
  );
  await trainer.fit(twoTaskTable(8, [4]), { epochs: 1, batchSize: 8 });
  trainer.dispose();
  expect(tf.getBackend()).toBe('wasm');
  expect(told).toEqual([['Executor: eager on the wasm backend, since `compile` is false.', 'wasm']]);
});

test('without it wasm, until a program needs a kernel that wasm has not', async () => {
  await tf.setBackend('cpu');
  vi.spyOn(node, 'nodeRuntime').mockRejectedValue(new PolytaskError('POLYTASK_PACKAGE_MISSING', 'not installed'));
  const told: string[][] = [];
  const executor = auto({ onChoice: (message, { name }) => told.push([message, name]) });
  const dense = await twoTaskTrainer(executor, mlp([8]));
  await dense.fit(twoTaskTable(8, [4]), { epochs: 1, batchSize: 8 });
  expect(tf.getBackend()).toBe('wasm');
  dense.dispose();
  const images = await twoTaskTrainer(executor, convNet({ filters: [2], kernelSize: 3, dense: [4] }));
  await images.fit(twoTaskTable(8, [8, 8, 1]), { epochs: 1, batchSize: 8 });
  expect(tf.getBackend()).toBe('cpu');
  images.dispose();
  expect(told).toEqual([
    [expect.stringMatching(/eager on the wasm backend, since `onnxruntime-node` is not installed/), 'wasm'],
    [expect.stringMatching(/eager on the cpu backend, since `onnxruntime-node` .*wasm has no kernel `\w+`/), 'cpu'],
  ]);
});

test('says why the runtime cannot be loaded where it is installed', async () => {
  await tf.setBackend('cpu');
  const cause = new Error('no library for this platform');
  vi.spyOn(node, 'nodeRuntime').mockRejectedValue(new PolytaskError('POLYTASK_PACKAGE_FAILED', 'failed', { cause }));
  const reasons: string[] = [];
  const trainer = await twoTaskTrainer(auto({ onChoice: (_, { reason }) => reasons.push(reason) }), mlp([4]));
  await trainer.fit(twoTaskTable(8, [4]), { epochs: 1, batchSize: 8 });
  trainer.dispose();
  expect(reasons).toEqual(['`onnxruntime-node` cannot be loaded: no library for this platform']);
});

test('refuses options as `compiled` does', () => {
  expect(() => auto({ threads: 0 })).toThrow(expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }));
});

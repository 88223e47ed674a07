import { convNet, mlp, PolytaskError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test, vi } from 'vitest';
import { auto } from '../src/index.js';
import * as node from '../src/runtime/node.js';
import { twoTaskTable, twoTaskTrainer } from './executor/training.js';

afterEach(async () => {
  vi.restoreAllMocks();
  await tf.setBackend('cpu');
});

test('takes the compiled executor where ONNX Runtime is installed, and says so once', async () => {
  await tf.setBackend('cpu');
  const told: string[] = [];
  const executor = auto({ onChoice: (message) => told.push(message) });
  for (let i = 0; i < 2; i++) {
    const trainer = await twoTaskTrainer(executor);
    await trainer.fit(twoTaskTable(8, [4]), { epochs: 1, batchSize: 8 });
    trainer.dispose();
  }
  expect(told).toEqual(['Executor: compiled, by onnxruntime-node.']);
});

test('without it wasm, until a program needs a kernel that wasm has not', async () => {
  await tf.setBackend('cpu');
  vi.spyOn(node, 'nodeRuntime').mockRejectedValue(new PolytaskError('POLYTASK_PACKAGE_MISSING', 'not installed'));
  const told: string[] = [];
  const executor = auto({ onChoice: (message) => told.push(message) });
  const dense = await twoTaskTrainer(executor, mlp([8]));
  await dense.fit(twoTaskTable(8, [4]), { epochs: 1, batchSize: 8 });
  expect(tf.getBackend()).toBe('wasm');
  dense.dispose();
  const images = await twoTaskTrainer(executor, convNet({ filters: [2], kernelSize: 3, dense: [4] }));
  await images.fit(twoTaskTable(8, [8, 8, 1]), { epochs: 1, batchSize: 8 });
  expect(tf.getBackend()).toBe('cpu');
  images.dispose();
  expect(told).toEqual([
    expect.stringContaining('eager on the wasm backend'),
    expect.stringMatching(/eager on the cpu backend, since wasm has no kernel `\w+`/),
  ]);
});

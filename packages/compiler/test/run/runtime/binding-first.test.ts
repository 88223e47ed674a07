// Somebody's own code may have used ONNX Runtime before us, by its package: then the process has no pool of threads to share.
import * as tf from '@tensorflow/tfjs';
import { InferenceSession } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { compile, float32 } from '../../../src/index.js';
import { createGraph } from '../../../src/ir/create-graph.js';
import { lower } from '../../../src/lower/lower.js';
import { encodeModel } from '../../../src/lower/onnx/encode-model.js';

it('functions are compiled all the same, on threads of their own', async () => {
  const graph = createGraph();
  const x = graph.input('x', { shape: [2], dtype: 'float32' });
  const doubled = graph.node('Add', [x, x], { shape: [2], dtype: 'float32' });
  await (await InferenceSession.create(encodeModel(lower('theirs', new Map([['y', doubled]])).graph))).release();

  await tf.setBackend('cpu');
  const warnings: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    const ours = await compile(
      ({ x: given }) => ({ y: tf.add(given as tf.Tensor, i) }),
      { x: float32(2) },
      { threads: 2, onFallback: (message) => warnings.push(message) },
    );
    const { y } = await ours.run({ x: Float32Array.of(1, 2) });
    expect(Array.from(y?.data ?? [])).toEqual([1 + i, 2 + i]);
    await ours.dispose();
  }
  expect(warnings).toEqual([]);
});

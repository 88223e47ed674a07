// Set-up of the suite under POLYTASK_TEST_BACKEND=node: where a test asks for tfjs' cpu backend, it gets that of tfjs-node.
import { useTfjsNode } from '@polytask/core/node';
import * as tf from '@tensorflow/tfjs';

// Test files run side by side, a process each.
process.env.TF_NUM_INTRAOP_THREADS ??= '1';
process.env.TF_NUM_INTEROP_THREADS ??= '1';
const engine = tf.engine();
const marker = Symbol.for('polytask.test.node-backend');
if (!(marker in engine)) {
  await useTfjsNode();
  const setBackend = engine.setBackend.bind(engine);
  Object.assign(engine, {
    [marker]: true,
    setBackend: (name: string) => setBackend(name === 'cpu' ? 'tensorflow' : name),
  });
}
await tf.setBackend('cpu');
if (tf.getBackend() !== 'tensorflow')
  throw new Error(`The suite was to run on tfjs-node, but is on ${tf.getBackend()}.`);

import * as tf from '@tensorflow/tfjs';

/** Sets the tfjs backend for the tests of a file. */
export async function useBackend(name: 'cpu' | 'wasm'): Promise<void> {
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend(name))) throw new Error(`There is no backend ${name} here.`);
  await tf.ready();
}

import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';

/**
 * Sets the tfjs backend for the tests of a file. `wasm` is a package of its own, which core does not depend on; the
 * benchmarks do.
 */
export async function useBackend(name: 'cpu' | 'wasm'): Promise<void> {
  if (name === 'wasm')
    createRequire(new URL('../../../../bench/package.json', import.meta.url))('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend(name))) throw new Error(`There is no backend ${name} here.`);
  await tf.ready();
}

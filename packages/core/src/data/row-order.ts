import { permutation, type StreamKey, uniformStream } from '../random/uniform-stream.js';

/**
 * The order in which rows 0 … n − 1 are visited: a permutation that depends on seed and key alone, or their own order
 * where there is no seed.
 */
export function rowOrder(n: number, shuffleSeed: string | undefined, ...key: StreamKey): Uint32Array {
  if (shuffleSeed !== undefined) return permutation(n, uniformStream(shuffleSeed, 'shuffle', ...key));
  const order = new Uint32Array(n);
  for (let row = 0; row < n; row++) order[row] = row;
  return order;
}

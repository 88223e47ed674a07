import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** What a stream is for: the run's seed first, then words and numbers that name the purpose. */
export type StreamKey = readonly (string | number)[];

/**
 * A stream of uniform numbers in [0, 1) that depends on its key alone: same key, same numbers, in any order of asking and on
 * every machine. All randomness in Polytask comes from here; since streams are keyed by purpose, step and place, nothing
 * about them needs to be saved in a checkpoint.
 */
export function uniformStream(...key: StreamKey): () => number {
  const generator = xoroshiro128plusFromState(hash(key.map(String).join('\u0000')));
  return () => (generator.next() >>> 0) / 4294967296;
}

/** `length` uniform float32 numbers in [0, 1) of the stream with this key. */
export function uniformFloats(length: number, ...key: StreamKey): Float32Array {
  const generator = xoroshiro128plusFromState(hash(key.map(String).join('\u0000')));
  const numbers = new Float32Array(length);
  // 24 bits: what a float32 holds exactly, so that rounding never gives 1.
  for (let i = 0; i < length; i++) numbers[i] = (generator.next() >>> 8) / 16777216;
  return numbers;
}

/** The numbers 0 … n − 1 in random order (Fisher and Yates), by the given stream. */
export function permutation(n: number, uniform: () => number): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}

/** Four 32-bit words of state from a string: FNV-1a with four offsets, each finished by an avalanche. */
function hash(text: string): [number, number, number, number] {
  const words: [number, number, number, number] = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    for (let w = 0; w < 4; w++) words[w] = Math.imul((words[w] as number) ^ code ^ (w << 24), 0x01000193);
  }
  for (let w = 0; w < 4; w++) words[w] = avalanche((words[w] as number) ^ (words[(w + 3) & 3] as number));
  // xoroshiro stands still on the all-zero state.
  if (words.every((word) => word === 0)) words[0] = 1;
  return words;
}

function avalanche(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) | 0;
}

export type { IdxArray } from './idx.js';
export { parseIdx, readIdx } from './idx.js';
export type { MultiMnistOptions } from './multi-mnist.js';
export { multiMnist } from './multi-mnist.js';

export { reachable } from './graph.js';
export type { DType, Spec, Value } from './value.js';

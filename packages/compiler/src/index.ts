export type { CompiledOptions } from './compiled.js';
export { compiled } from './compiled.js';
export { UnsupportedKernelError } from './unsupported-kernel-error.js';

// Experts, and gates that weigh them.

export { type CgcOptions, cgc } from './cgc.js';
export { type DselectKOptions, dselectK } from './dselect-k.js';
export { type MmoeOptions, mmoe } from './mmoe.js';
export { type PleOptions, ple } from './ple.js';

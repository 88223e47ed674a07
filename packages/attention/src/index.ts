// Attention, gates and mixtures of experts.

export { type CgcOptions, cgc } from './cgc.js';
export { type DselectKOptions, dselectK } from './dselect-k.js';
export { type MmoeOptions, mmoe } from './mmoe.js';
export { type MtanOptions, mtan } from './mtan.js';
export { type PleOptions, ple } from './ple.js';
export { type SqueezeExcitationOptions, squeezeExcitation } from './squeeze-excitation.js';
export { type TaskAttentionOptions, taskAttention } from './task-attention.js';

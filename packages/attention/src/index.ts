// Attention, gates and mixtures of experts.

export { type AitmOptions, aitm } from './aitm.js';
export { type CgcOptions, cgc } from './cgc.js';
export { type CrossTaskAttentionOptions, crossTaskAttention } from './cross-task-attention.js';
export { type DselectKOptions, dselectK } from './dselect-k.js';
export { type LearningToBranchOptions, learningToBranch } from './learning-to-branch.js';
export { type MmoeOptions, mmoe } from './mmoe.js';
export { type MtanOptions, mtan } from './mtan.js';
export { type MtlLoraOptions, mtlLora } from './mtl-lora.js';
export { type PadNetOptions, padNet } from './pad-net.js';
export { type PepnetOptions, pepnet } from './pepnet.js';
export { type PleOptions, ple } from './ple.js';
export { type SqueezeExcitationOptions, squeezeExcitation } from './squeeze-excitation.js';
export { type StemOptions, stem } from './stem.js';
export { type TaskAttentionOptions, taskAttention } from './task-attention.js';
export { type TaskGraphOptions, taskGraph } from './task-graph.js';

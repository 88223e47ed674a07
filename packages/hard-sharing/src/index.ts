export type { Branch } from './branch-tree.js';
export { type BranchedSharingOptions, branchedSharing } from './branched-sharing.js';
export { type HardSharingOptions, hardSharing } from './hard-sharing.js';

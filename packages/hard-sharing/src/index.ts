export type { Branch } from './branch-tree.js';
export { type BranchedSharingOptions, branchedSharing } from './branched-sharing.js';
export { type ConflictScoresOptions, conflictScores } from './conflict-scores.js';
export { type DbmtlOptions, dbmtl } from './dbmtl.js';
export { type EsmmOptions, esmm } from './esmm.js';
export { type HardSharingOptions, hardSharing } from './hard-sharing.js';
export { type ReconOptions, recon } from './recon.js';
export { type ResidualAdaptersOptions, residualAdapters } from './residual-adapters.js';

// Networks per task that are tied to one another, or whose features are mixed.

export { type CrossStitchOptions, crossStitch } from './cross-stitch.js';
export { type L2DistanceOptions, l2Distance } from './l2-distance.js';
export { type L2PenaltyOptions, l2Penalty } from './l2-penalty.js';
export { type NddrOptions, nddr } from './nddr.js';
export { type ProximalTraceNormOptions, proximalTraceNorm } from './proximal-trace-norm.js';
export { type SingularValuesOptions, singularValues } from './singular-values.js';
export { type SluiceOptions, sluice } from './sluice.js';
export { type SoftSharingOptions, softSharing } from './soft-sharing.js';
export { type TraceNormOptions, traceNorm } from './trace-norm.js';

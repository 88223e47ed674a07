import type { TraceRules } from '../rule.js';
import { blockRules } from './blocks.js';
import { einsumRules } from './einsum.js';
import { elementwiseRules } from './elementwise.js';
import { imageRules } from './images.js';
import { indexingRules } from './indexing.js';
import { matmulRules } from './matmul.js';
import { reductionRules } from './reductions.js';
import { shapeRules } from './shapes.js';

/** Every kernel that can be traced. */
export const traceRules: TraceRules = {
  ...elementwiseRules,
  ...reductionRules,
  ...shapeRules,
  ...blockRules,
  ...matmulRules,
  ...einsumRules,
  ...indexingRules,
  ...imageRules,
};

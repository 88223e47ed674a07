// Gradient balancing: one direction out of the tasks' gradients.

export { pcgrad } from './gradient-balancing/pcgrad.js';

// Loss weighting: one loss out of the tasks' losses.

export { scaleInvariant } from './loss-weighting/scale-invariant.js';

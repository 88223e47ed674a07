// Adversaries of what tasks share.

export { reversalFactor } from './reversal-factor.js';
export { taskDiscriminator } from './task-discriminator.js';

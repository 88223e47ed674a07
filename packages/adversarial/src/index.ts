// Adversaries of what tasks share.

export { type DomainAdversarialOptions, domainAdversarial } from './domain-adversarial.js';
export { type GradientAdversarialOptions, gradientAdversarial } from './gradient-adversarial.js';
export { reversalFactor } from './reversal-factor.js';
export { type SharedPrivateOptions, sharedPrivate } from './shared-private.js';
export { taskDiscriminator } from './task-discriminator.js';

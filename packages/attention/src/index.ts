// Experts, and gates that weigh them.

export { type MmoeOptions, mmoe } from './mmoe.js';

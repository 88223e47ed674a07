export type { ExecutorSession, ProgramCall, UniformSource } from '../contracts/executor.js';
export { defineExecutor } from '../contracts/executor.js';
export type { HostRefusals } from './forbid-host.js';
export { forbidHost } from './forbid-host.js';
export { replaceProperty } from './replace-property.js';

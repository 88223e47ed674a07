export type { OpenScope } from './open-scope.js';
export { openScope } from './open-scope.js';
export { plainSharing } from './plain-sharing.js';
export type { ProgramRun, StrictOptions } from './strict-executor.js';
export { strict } from './strict-executor.js';
export type { Operation } from './watch-engine.js';

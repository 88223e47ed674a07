export type { OpenScope } from '../model/open-scope.js';
export { openScope } from '../model/open-scope.js';
export type { ProgramRun, StrictOptions } from './strict-executor.js';
export { strict } from './strict-executor.js';
export type { Operation } from './watch-engine.js';

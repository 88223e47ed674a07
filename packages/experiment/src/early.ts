export { backendChoices } from './backend/backend-choices.js';
export { InputError, inFileOrder, type Mistake } from './errors/mistakes.js';
export { RunError } from './errors/run-error.js';
export { packageFolder } from './parts/resolve-package.js';
export { readJsonFile, readManifest } from './read-manifest.js';

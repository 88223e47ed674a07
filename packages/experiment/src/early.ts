export { backendChoices } from './backend/backend-choices.js';
export {
  type CodeFile,
  type CodePlaces,
  codePlaces,
  findCode,
  findPackage,
  type NamedPlaces,
  noCode,
} from './code/code-places.js';
export { importCode } from './code/import-code.js';
// From where code may be loaded.
export { InputError, inFileOrder, type Mistake } from './errors/mistakes.js';
export { RunError } from './errors/run-error.js';
export { readJsonFile, readManifest } from './read-manifest.js';

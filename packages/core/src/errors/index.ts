export { DatasetError } from './dataset-error.js';
export { InvalidOptionError, requireOption } from './invalid-option-error.js';
export { LabelError } from './label-error.js';
export { nearestWord } from './nearest-word.js';
export { NonFiniteError } from './non-finite-error.js';
export { PolytaskError } from './polytask-error.js';
export { ShapeMismatchError } from './shape-mismatch-error.js';
export { UnknownNameError } from './unknown-name-error.js';
export { UnsupportedVersionError } from './unsupported-version-error.js';

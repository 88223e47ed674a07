// Networks per task whose features are mixed.

export { type CrossStitchOptions, crossStitch } from './cross-stitch.js';

// All fuzzers. Their shares are those of 10,000 cases.
export { checkpoints } from './checkpoints.mjs';
export { dataFiles } from './data-files.mjs';
export { layersModels } from './layers-models.mjs';
export { links } from './links.mjs';
export { models } from './models.mjs';
export { plugins } from './plugins.mjs';
export { runFiles } from './run-files.mjs';
export { runFolders } from './run-folders.mjs';

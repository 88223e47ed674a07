export { loadCheckpoint, saveCheckpoint } from './checkpoint-file.js';
export { type LayersFileOptions, layersFile } from './layers-file.js';
export { makeFolder } from './make-folder.js';
export { processExists } from './process-exists.js';
export { openRegularFile, type ReadFileOptions, readRegularFile, readRegularText } from './regular-file.js';
export { findTfjsNode, tfjsNodeFolder, tfjsNodeVersion, useTfjsNode } from './tfjs-node.js';
export { within } from './within.js';
export { writeFileAtomic } from './write-file-atomic.js';

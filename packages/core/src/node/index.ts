export { loadCheckpoint, saveCheckpoint } from './checkpoint-file.js';
export { findTfjsNode, tfjsNodeFolder, tfjsNodeVersion, useTfjsNode } from './tfjs-node.js';
export { writeFileAtomic } from './write-file-atomic.js';

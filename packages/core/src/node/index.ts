export { loadCheckpoint, saveCheckpoint } from './checkpoint-file.js';
export { writeFileAtomic } from './write-file-atomic.js';

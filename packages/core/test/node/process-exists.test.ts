import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { processExists } from '../../src/node/index.js';

test('a process exists while it runs', () => {
  expect(processExists(process.pid)).toBe(true);
  // Process 1 may be another user's.
  expect(processExists(1)).toBe(true);
  const { pid } = spawnSync(process.execPath, ['--version']);
  expect(processExists(pid)).toBe(false);
});

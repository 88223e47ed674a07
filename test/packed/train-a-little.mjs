// Copied into an empty project where the packed packages are installed, and run there in plain Node.
import assert from 'node:assert/strict';
import * as core from '@polytask/core';

assert.ok(Object.keys(core).length > 0, '@polytask/core exports nothing');
console.log('ok');

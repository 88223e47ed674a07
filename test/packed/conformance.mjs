// The conformance kit under Node's own test runner, on installed packages: what is whole passes, what is broken does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compiled } from '@polytask/compiler';
import { defineLossWeighting, mlp, sumOfLosses } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import { hardSharing } from '@polytask/hard-sharing';

const executors = { compiled: () => compiled({ threads: 1 }) };
const encoder = mlp([4], { batchNorm: true, dropout: 0.2 });
for (const { name, run } of conformance('sharing', () => hardSharing({ encoder }), { executors })) test(name, run);
for (const { name, run } of conformance('loss-weighting', sumOfLosses)) test(name, run);

// Not finite for a loss of 0.
const logarithms = () =>
  defineLossWeighting({ name: 'logarithms', bind: () => ({ scalarize: (losses) => losses.log().sum() }) });
test('finds a fault', async () => {
  const check = conformance('loss-weighting', logarithms).find(({ name }) => name.includes('losses of every size'));
  await assert.rejects(check.run(), { code: 'POLYTASK_CONFORMANCE' });
});

import { type Strategy, sumOfLosses } from '@polytask/core';
import { type Claim, conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { claimsOf } from '../../../src/testing/conformance/claims.js';
import { broken } from './broken-parts.js';

beforeAll(() => tf.setBackend('cpu'));

const kinds = Object.keys(claimsOf) as Strategy['kind'][];
const kindOf = (part: Strategy, check: string) => (check.startsWith('describes') ? 'loss-weighting' : part.kind);

it.each(broken)('$check: refuses $fault', async ({ check, make, says, options }) => {
  const kind = kindOf(make(['task1', 'task2', 'task3']), check);
  const claims = check.endsWith('as claimed') ? claimsOf[kind] : [];
  const found = conformance(kind, make as never, { claims, ...options }).find(({ name }) => name === check);
  await expect(found?.run()).rejects.toThrow(says);
});

it('has a broken strategy for each check', () => {
  const names = kinds.flatMap((kind) =>
    conformance(kind, sumOfLosses as never, { claims: claimsOf[kind] }).map(({ name }) => name),
  );
  expect(new Set(broken.map(({ check }) => check))).toEqual(new Set(names));
});

it.each(conformance('sharing', () => plainSharing(), { claims: ['order-of-tasks'] }))(
  'a plain model: $name',
  ({ run }) => run(),
);

it('skips what does not apply, and says so', async () => {
  const skip = { 'works with one task': 'two are compared' };
  const checks = conformance('loss-weighting', sumOfLosses, { skip });
  const skipped = checks.filter(({ name }) => name.includes('skipped'));
  expect(skipped.map(({ name }) => name)).toEqual(['works with one task (skipped: two are compared)']);
  await skipped[0]?.run();
});

it('refuses skips of nothing, skips without a reason, and claims of another kind', () => {
  const make = (options: object) => () => conformance('loss-weighting', sumOfLosses, options);
  expect(make({ skip: { 'works with no task': 'why' } })).toThrow('Did you mean `works with one task`');
  expect(make({ skip: { 'works with one task': ' ' } })).toThrow('needs a reason');
  expect(make({ claims: ['non-conflicting' satisfies Claim] })).toThrow('claim of a loss-weighting');
});

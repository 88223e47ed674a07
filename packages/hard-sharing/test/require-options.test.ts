import { mlp } from '@polytask/core';
import { expect, it } from 'vitest';
import { requireOptions } from '../src/require-options.js';
import { errorOf } from './parts.js';

it('wants encoders where encoders belong', () => {
  const encoder = mlp([3]);
  requireOptions({ encoder });
  requireOptions({ encoder, head: encoder, adapters: { a: encoder } });
  requireOptions({ encoder, head: { a: encoder } });
  expect(errorOf(() => requireOptions({ encoder: mlp as never }))).toMatchObject({ code: 'POLYTASK_INVALID_OPTION' });
  expect(errorOf(() => requireOptions({ encoder, head: [50] as never })).message).toContain('`head`');
  expect(errorOf(() => requireOptions({ encoder, adapters: 3 as never })).message).toContain('`adapters`');
});

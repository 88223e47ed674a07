import { mlp } from '@polytask/core';
import { expect, it } from 'vitest';
import { hardSharing } from '../src/index.js';
import { errorOf } from './parts.js';

it('wants encoders where encoders belong', () => {
  const encoder = mlp([3]);
  hardSharing({ encoder });
  hardSharing({ encoder, head: encoder, adapters: { a: encoder } });
  hardSharing({ encoder, head: { a: encoder } });
  expect(errorOf(() => hardSharing({ encoder: mlp as never }))).toMatchObject({ code: 'POLYTASK_INVALID_OPTION' });
  expect(errorOf(() => hardSharing({ encoder, head: [50] as never })).message).toContain('`head`');
  expect(errorOf(() => hardSharing({ encoder, adapters: 3 as never })).message).toContain('`adapters`');
});

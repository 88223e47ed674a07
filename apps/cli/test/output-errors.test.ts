import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { outliveErrors } from '../src/output-errors.js';

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

it.each([
  [
    'throws, as those of files do',
    () => {
      throw full;
    },
  ],
  ['tells by an event, as those of pipes do', (done: (error: Error) => void) => done(full)],
])('drops what is written after a stream %s', async (_, fail) => {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      if (written.length === 1) return fail(done);
      written.push(String(chunk));
      done();
    },
  });
  const state = outliveErrors(stream);
  const told: unknown[] = [];
  stream.once('error', (error) => told.push(error));
  stream.write('a');
  expect(state.error).toBeUndefined();
  for (const text of ['b', 'c', 'd']) expect(() => stream.write(text)).not.toThrow();
  await new Promise(setImmediate);
  expect([written, state.error, told]).toEqual([['a'], full, [full]]);
});

import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import {
  atLeastZero,
  byName,
  flag,
  list,
  mapping,
  positive,
  seed,
  share,
  text,
  thirdParty,
  whole,
  widths,
} from '../../src/config/words.js';

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;
const words = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues[0]?.message;

describe('words', () => {
  it.each<[string, z.ZodType, unknown[], unknown[]]>([
    ['a whole number from 1', whole(1), [1, 1e6], [0, 1.5, '1', Number.NaN]],
    ['a whole number from 1 to 3', whole(1, 3), [1, 3], [0, 4]],
    ['a whole number from 1 to 1000000000', whole(1), [1e9], [1e9 + 1]],
    ['a whole number from 0', seed(), [0, Number.MAX_SAFE_INTEGER], [-1, 0.5, 2 ** 60]],
    ['a list of at most 2 names', list(text('a name'), 'names', 0, 2), [['a', 'b']], [['a', 'b', 'c']]],
    ['numbers by name', byName(text('a name'), whole(1), 'numbers by name'), [{ a: 1 }], [[], 1]],
    [
      'numbers by name, at most 1',
      byName(text('a name'), whole(1), 'numbers by name', 1),
      [{ a: 1 }],
      [{ a: 1, b: 2 }],
    ],
    ['a number above 0', positive(), [1e-9], [0, -1, Number.POSITIVE_INFINITY, null]],
    ['a number from 0', atLeastZero(), [0, 0.5], [-1, 'x']],
    ['a number from 0 to below 1', share(), [0, 0.999], [1, -0.1]],
    ['a name', text('a name'), ['x'], ['', 1]],
    ['true or false', flag(), [true, false], ['yes', 1]],
    ['a list of whole numbers from 1', widths(), [[], [8, 4]], [8, 'x']],
    ['a list of names, at least one', list(text('a name'), 'names', 1), [['a']], [[], 'a']],
    ['a run', mapping({ seed: whole(0) }, 'a run'), [{ seed: 1 }], ['x', null]],
  ])('%s', (expected, schema, right, wrong) => {
    for (const value of right) expect(accepts(schema, value)).toBe(true);
    for (const value of wrong) expect([value, words(schema, value)]).toEqual([value, expected]);
  });

  it('knows parts from elsewhere by their `#`', () => {
    const schema = thirdParty('use');
    for (const use of ['@acme/x#y', './x.mjs#default', 'x/y#z_1']) expect(accepts(schema, { use, any: 1 })).toBe(true);
    for (const use of ['mlp', '#x', 'x#', 'x#y z', 3]) expect(accepts(schema, { use })).toBe(false);
  });
});

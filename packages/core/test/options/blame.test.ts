import { expect, it } from 'vitest';
import { adam, blame, blamedPart, sgd } from '../../src/index.js';

it('notes the innermost part on an error, and changes nothing else', () => {
  const [inner, outer] = [adam(), sgd()];
  const error = new TypeError('x');
  expect(() =>
    blame(outer, () =>
      blame(inner, () => {
        throw error;
      }),
    ),
  ).toThrow(error);
  expect(blamedPart(error)).toBe(inner);
  expect(blame(inner, () => 3)).toBe(3);
  expect(blamedPart(new Error('y'))).toBeUndefined();
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonDepth, mostNested } from '../../../src/node/reading/json-depth.js';

/** In pieces of all sizes, which must make no difference. */
function followed(text: string, byLine: boolean, size: number) {
  const depth = jsonDepth(byLine);
  const bytes = Buffer.from(text);
  let tooDeep = false;
  for (let at = 0; at < bytes.length && !tooDeep; at += size) tooDeep = depth.add(bytes.subarray(at, at + size));
  return { tooDeep, open: depth.isOpen(), list: depth.isList() };
}

it('takes any JSON that JavaScript writes for closed, and all but the whole of it for open', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 9 }), fc.nat(), (value, size, cut) => {
      const text = JSON.stringify(value);
      expect(followed(text, false, size)).toEqual({ tooDeep: false, open: false, list: true });
      const part = text.slice(0, 1 + (cut % (text.length - 1)));
      expect(followed(part, false, size).open).toBe(true);
    }),
  );
});

it('counts brackets outside of strings only, and line by line where lines are values', () => {
  const deep = (levels: number) => '[{"a":'.repeat(levels / 2);
  expect(followed(deep(mostNested), false, 7).tooDeep).toBe(false);
  expect(followed(`${deep(mostNested)}[`, false, 7).tooDeep).toBe(true);
  expect(followed(JSON.stringify({ text: `\\"${'['.repeat(2000)}` }), false, 3)).toMatchObject({
    tooDeep: false,
    open: false,
    list: false,
  });
  const lines = `{"broken": "\n${'[\n'.repeat(2000)}{"a": 1}\n`;
  expect(followed(lines, true, 5)).toMatchObject({ tooDeep: false, open: false });
  expect(followed(lines.replaceAll('"', ''), false, 5).tooDeep).toBe(true);
  // Neither the end of a line within an escape nor brackets that close nothing hide what follows.
  expect(followed(`"\\\n${'['.repeat(2000)}`, true, 4).tooDeep).toBe(true);
  expect(followed(`${']'.repeat(2000)}${'['.repeat(2000)}`, false, 4).tooDeep).toBe(true);
});

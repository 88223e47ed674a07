import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colorsFor, overwrite, print, printJson } from '../src/io.js';
import { ownColor, printable } from '../src/printable.js';
import { written } from './helpers/fake-io.js';

const evil = 'to\u001b[31m\u001b]0;pwn\u0007wn';

describe('printable', () => {
  it.each([
    [evil, 'to\\x1b[31m\\x1b]0;pwn\\x07wn'],
    ['a\rb\u0000\u007f\u009b31m', 'a\\x0db\\x00\\x7f\\x9b31m'],
    ['\u202eabc\u2066\u2028', '\\u202eabc\\u2066\\u2028'],
    ['größer → 数\t🙂\nnext', 'größer → 数\t🙂\nnext'],
  ])('writes out what a terminal would obey: %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('keeps our own colours, nested too, and no escape that stands in what they colour', () => {
    const { bold, red, dim } = colorsFor(written(80).stream, {});
    expect(printable(`${red('no')} ${dim(evil)}`)).toBe(
      '\u001b[31mno\u001b[39m \u001b[2mto\\x1b[31m\\x1b]0;pwn\\x07wn\u001b[22m',
    );
    expect(printable(bold(`a ${red('b')} c`))).toBe('\u001b[1ma \u001b[31mb\u001b[39m c\u001b[22m');
    const plain = colorsFor(written().stream, {});
    expect(printable(plain.red(evil))).toBe('to\\x1b[31m\\x1b]0;pwn\\x07wn');
  });

  it('lets nothing through, whatever is printed and coloured', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u001b[31m', '\u001b[1;2;3;31m', '\u001b[', '1234;1234;1234;31m', '\u009b', '\u001b]8;;x\u0007'),
    );
    const red = ownColor((text) => `\u001b[31m${text}\u001b[39m`);
    const bold = ownColor((text) => `\u001b[1m${text}\u001b[22m`);
    fc.assert(
      fc.property(fc.array(piece), fc.array(piece), fc.array(piece), (a, b, c) => {
        const shown = printable(`${a.join('')}${bold(`${b.join('')}${red(c.join(''))}`)}`);
        const mine = ['\u001b[1m', '\u001b[31m', '\u001b[39m', '\u001b[22m'];
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
        expect(shown.match(/\u001b\[\d+m/g)).toEqual(mine);
        const rest = mine.reduce((text, color) => text.replace(color, ''), shown);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
        expect(rest).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});

it('is what lines for people are put through, and documents for programs are not', () => {
  const out = written(80);
  print(out.stream, evil);
  overwrite(out.stream, evil);
  expect(out.text()).toBe('to\\x1b[31m\\x1b]0;pwn\\x07wn\n\rto\\x1b[31m\\x1b]0;pwn\\x07wn\u001b[K');
  const document = written(80);
  printJson(document.stream, { name: `${evil}\u202e` });
  expect(JSON.parse(document.text())).toEqual({ name: `${evil}\u202e` });
  expect(document.text()).toContain('\u202e');
});

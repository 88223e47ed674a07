import { randomInt } from 'node:crypto';

/** What a terminal would obey, or what reorders a line: control characters but tab and line feed, separators, overrides of direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Numbers in our own colours, other ones in every process. Colours are text like what files say until they are printed; by this they
 * are distinguished from escapes in a header or a name, which cannot know it. Tables measure them as any other colour.
 */
const own = Array.from({ length: 3 }, () => `${randomInt(1000, 10_000)};`).join('');

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what colours begin with.
const colors = /\u001b\[(\d+)m/g;
const ownColors = new RegExp(`\\u001b\\[${own}(\\d+)m`);

/** Makes a colour one of our own: what is coloured may come from a file, so it is made harmless first. */
export function ownColor(color: (text: string) => string): (text: string) => string {
  return (text) => color(printable(text)).replace(colors, `\u001b[${own}$1m`);
}

/** Text for people, with the control characters in it written out (`\x1b`) and our own colours as terminals know them. */
export function printable(text: string): string {
  return text
    .split(ownColors)
    .map((part, index) => (index % 2 === 0 ? escaped(part) : `\u001b[${part}m`))
    .join('');
}

function escaped(text: string): string {
  return text.replace(obeyed, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
}

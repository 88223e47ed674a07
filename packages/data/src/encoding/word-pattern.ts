import { spacelessScripts, standsAnywhere } from './words-of.js';

/** Letters and digits. The same characters in JavaScript and in RE2. */
const wordCharacter = '\\pL\\pN';

/** Characters of scripts without spaces, at which a word of letters ends. */
const spaceless = `[${spacelessScripts.map((script) => `\\p{${script}}`).join('')}\\x{30fc}]`;

/** The one character whose lower case is a letter and something else: a word ends within it. */
const dottedCapital = 'İ';

/** The last one of the letters that have two cases. */
const lastCased = 0x1ffff;

/** Both are Σ in lower case: which one, other letters around it decide. */
const sigmas = /[σς]/;

/**
 * A regular expression in RE2's syntax that matches a whole text where the text has a word in it, as `textFeature` takes words
 * out of texts: runs of letters and digits, in lower case. Its characters are spelled out in all their cases, since RE2's own
 * folding of cases is another one than JavaScript's: ſ is no s here.
 *
 * @param split - As `wordsOf` has it.
 * @returns undefined for words with a Greek sigma, of which there is no telling without looking around.
 */
export function wordPattern(word: string, split?: 'scripts'): string | undefined {
  if (sigmas.test(word)) return undefined;
  const characters = [...word];
  const spelled = characters.map((character) => {
    const all = capitals().get(character) ?? [character];
    return all.length === 1 ? character : `[${all.join('')}]`;
  });
  if (split !== undefined) return scriptPattern(word, spelled);
  const last = spelled.pop() as string;
  const after = `(?:[^${wordCharacter}].*)?`;
  const end = characters.at(-1) === 'i' ? `(?:${last}${after}|${dottedCapital}.*)` : `${last}${after}`;
  return `(?s)(?:.*(?:[^${wordCharacter}]|${dottedCapital}))?${spelled.join('')}${end}`;
}

/** The same for words that end where a script without spaces begins, and that marks belong to. */
function scriptPattern(word: string, spelled: readonly string[]): string {
  const letters = spelled.join('').replaceAll('[iI]\u0307', `(?:[iI]\u0307|${dottedCapital})`);
  if (standsAnywhere(word)) return `(?s).*${letters}.*`;
  const apart = `(?:[^${wordCharacter}\\pM]|${spaceless})`;
  return `(?s)(?:.*${apart})?${letters}(?:${apart}.*)?`;
}

let known: ReadonlyMap<string, readonly string[]> | undefined;

/** By character: all characters that are this one in lower case, where there are several. */
function capitals(): ReadonlyMap<string, readonly string[]> {
  if (known !== undefined) return known;
  const found = new Map<string, string[]>();
  for (let code = 0; code <= lastCased; code++) {
    const character = String.fromCodePoint(code);
    const lower = character.toLowerCase();
    if (lower !== character) found.set(lower, [...(found.get(lower) ?? [lower]), character]);
  }
  known = found;
  return known;
}

/** Scripts that put no spaces between words. The same names in JavaScript's regular expressions and in RE2. */
export const spacelessScripts = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan'] as const;

const spaceless = spacelessScripts.map((script) => `\\p{Script=${script}}`).join('');
const parts = new RegExp(`[${spaceless}\\u30fc]+|\\p{So}|(?:(?![${spaceless}\\u30fc])[\\p{L}\\p{M}\\p{N}])+`, 'gu');
const isSpaceless = new RegExp(`^[${spaceless}\\u30fc]`, 'u');

/**
 * The words of a text, in lower case.
 *
 * @param split - Under `'scripts'`, what is in a script without spaces comes as its characters and pairs of neighbours, marks that
 * belong to letters stay with them, and every symbol is a word. Otherwise words are runs of letters and digits.
 */
export function wordsOf(text: string, split?: 'scripts'): Set<string> {
  const lower = text.toLowerCase();
  if (split === undefined) return new Set(lower.match(/[\p{L}\p{N}]+/gu));
  const words = new Set<string>();
  for (const [part] of lower.matchAll(parts)) {
    if (!isSpaceless.test(part)) {
      words.add(part);
      continue;
    }
    const characters = [...part];
    characters.forEach((character, index) => {
      words.add(character);
      const next = characters[index + 1];
      if (next !== undefined) words.add(character + next);
    });
  }
  return words;
}

/** Whether a word is a piece of a text without spaces, or a symbol: it may stand anywhere. */
export function standsAnywhere(word: string): boolean {
  return isSpaceless.test(word) || /^\p{So}$/u.test(word);
}

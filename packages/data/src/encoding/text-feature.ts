import { requireOption } from '@polytask/core';
import type { FeatureKind } from './feature-kind.js';
import type { LearnedText, TextFeature } from './features.js';
import { constantOf, noValues, treatment } from './missing.js';
import { readCategory } from './raw-values.js';
import { mostFrequent, wordCounts } from './word-counts.js';
import { wordPattern } from './word-pattern.js';
import { wordsOf } from './words-of.js';

/** Every word is a number in every row. */
const mostWords = 16_384;
/** In ONNX, every word is an operator; with this many, a model opens within seconds. */
const mostInOnnx = 2048;

/**
 * Texts as bags of words: 1 for each known word that occurs. Words are runs of letters and digits, in lower case; where a script has no
 * spaces, its characters and pairs of them stand for words; emoji and other symbols are words of their own.
 */
export const textFeature: FeatureKind<TextFeature, LearnedText> = {
  read: readCategory,
  takesNumbers: () => false,
  learner(column, { words = 256, missing }) {
    const valid = Number.isInteger(words) && words > 0 && words <= mostWords;
    requireOption(valid, 'words', `a whole number from 1 to ${mostWords}`, words);
    const constant = constantOf(column, missing, readCategory);
    const counts = wordCounts(column);
    let texts = 0;
    let lacking = false;
    return {
      add(value) {
        lacking ||= value === null;
        if (value === null) return;
        texts += 1;
        for (const word of wordsOf(value as string, 'scripts')) counts.add(word);
      },
      learned() {
        const frequent = mostFrequent(counts.all(), 1, words);
        if (texts === 0 || frequent.length === 0) throw noValues(column);
        return {
          type: 'text',
          column,
          missing: treatment(missing, 'mean', lacking),
          fill: constant ?? '',
          words: frequent,
          split: 'scripts',
        };
      },
    };
  },
  size: ({ words, missing }) => ({ numbers: words.length + (missing === 'indicator' ? 1 : 0), categories: [] }),
  encoder({ words, missing, fill, split }) {
    const placeOf = new Map(words.map((word, place) => [word, place]));
    return (value, { numbers }, at) => {
      for (const word of wordsOf((value ?? fill) as string, split)) {
        const place = placeOf.get(word);
        if (place !== undefined) numbers[at + place] = 1;
      }
      if (missing === 'indicator' && value === null) numbers[at + words.length] = 1;
    };
  },
  onnxInput: 'string',
  onnx({ words, missing, fill, split }, texts, graph) {
    if (words.length > mostInOnnx) {
      return { reason: `it knows ${words.length} words, and ${mostInOnnx} at most can be looked for in ONNX` };
    }
    const patterns = words.map((word) => wordPattern(word, split));
    const sigma = words.find((_, place) => patterns[place] === undefined);
    if (sigma !== undefined) return { reason: `ONNX cannot tell how Σ is written in lower case, as in \`${sigma}\`` };
    const ofFill = wordsOf(fill, split);
    const found = patterns.map((pattern, place) =>
      // The empty text is a missing one, for which others may stand in.
      graph.matches(texts, ofFill.has(words[place] as string) ? `(?:${pattern})?` : (pattern as string)),
    );
    const lacking = missing === 'indicator' || missing === 'error' ? graph.matches(texts, '') : '';
    const numbers = missing === 'indicator' ? [...found, lacking] : found;
    return { numbers: numbers.map(graph.floatColumn), ids: [], refused: missing === 'error' ? [lacking] : [] };
  },
};

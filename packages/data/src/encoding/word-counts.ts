import { DatasetError } from '@polytask/core';

/** How often each word came; null counts for nothing. */
export interface WordCounts {
  add(word: string | null): void;
  all(): ReadonlyMap<string, number>;
}

/** How many different words are distinguished; a column with more is no list of categories. */
const mostWords = 1_000_000;

/** Counts words of a column. */
export function wordCounts(column: string): WordCounts {
  const counts = new Map<string, number>();
  return {
    add(word) {
      if (word === null) return;
      counts.set(word, (counts.get(word) ?? 0) + 1);
      if (counts.size <= mostWords) return;
      throw new DatasetError(
        `Column \`${column}\` must have at most ${mostWords} different values, but has more. Leave it out, or say that it is ` +
          'of another type.',
      );
    },
    all: () => counts,
  };
}

/** The most frequent words that came at least `minCount` times; equally frequent ones in the order of their characters. */
export function mostFrequent(counts: ReadonlyMap<string, number>, minCount: number, most: number): string[] {
  return [...counts]
    .filter(([, count]) => count >= minCount)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([word]) => word);
}

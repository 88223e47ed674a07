import { knownCategories } from './category-feature.js';
import type { Value } from './feature-kind.js';
import type { LearnedFeature } from './features.js';

/** How many rows have something in a column that training rows never had. */
export interface Unfamiliar {
  readonly column: string;
  /** Rows with a category that is not known. */
  readonly unknown: number;
  /** Rows without a value, where every training row had one. */
  readonly missing: number;
}

/** A function that counts what is unfamiliar in the values of features; columns without any are left out. */
export function unfamiliarCounter(
  features: readonly LearnedFeature[],
): (values: readonly ArrayLike<Value>[]) => Unfamiliar[] {
  const known = features.map((feature) => (feature.type === 'category' ? knownCategories(feature) : undefined));
  return (values) =>
    features.flatMap((feature, index) => {
      const { column } = feature;
      const complete = feature.type !== 'text' && feature.complete === true;
      const names = known[index];
      if (!complete && names === undefined) return [];
      let unknown = 0;
      let missing = 0;
      const of = values[index] ?? [];
      for (let row = 0; row < of.length; row++) {
        const value = of[row];
        if (value === null || value === undefined || (typeof value === 'number' && !Number.isFinite(value)))
          missing += 1;
        else if (names !== undefined && !names.has(value as string)) unknown += 1;
      }
      if (!complete) missing = 0;
      return unknown + missing > 0 ? [{ column, unknown, missing }] : [];
    });
}

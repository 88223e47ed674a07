import { categoryFeature } from './category-feature.js';
import { dateFeature } from './date-feature.js';
import type { FeatureKind } from './feature-kind.js';
import type { FeatureOptions, LearnedFeature } from './features.js';
import { booleanFeature, numberFeature } from './number-feature.js';
import { textFeature } from './text-feature.js';

/** Types of features by name. */
const kinds = {
  number: numberFeature,
  boolean: booleanFeature,
  category: categoryFeature,
  date: dateFeature,
  text: textFeature,
};

/** Names of the types of features. */
export const featureTypes = Object.keys(kinds) as readonly FeatureOptions['type'][];

/** What is particular to a type of feature. */
export function kindOf(type: FeatureOptions['type']): FeatureKind<FeatureOptions, LearnedFeature> {
  return kinds[type] as unknown as FeatureKind<FeatureOptions, LearnedFeature>;
}

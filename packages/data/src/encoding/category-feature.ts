import { requireOption } from '@polytask/core';
import type { FeatureKind } from './feature-kind.js';
import type { CategoryFeature, LearnedCategory } from './features.js';
import { constantOf, noValues, treatment } from './missing.js';
import { int32 } from './onnx-builder.js';
import { readCategory } from './raw-values.js';
import { mostFrequent, wordCounts } from './word-counts.js';

/** Up to how many categories are encoded one-hot unless said otherwise. */
const mostOneHot = 64;
const mostCategories = 100_000;

/**
 * Categories, as one-hot numbers or as ids. What training rows did not have, or too rarely, is the unknown category.
 */
export const categoryFeature: FeatureKind<CategoryFeature, LearnedCategory> = {
  read: readCategory,
  takesNumbers: false,
  learner(column, { encoding, missing, minCount = 2, maxCategories = 1000 }) {
    requireOption(Number.isInteger(minCount) && minCount > 0, 'minCount', 'a positive whole number', minCount);
    const valid = Number.isInteger(maxCategories) && maxCategories > 0 && maxCategories <= mostCategories;
    requireOption(valid, 'maxCategories', `a whole number from 1 to ${mostCategories}`, maxCategories);
    const constant = constantOf(column, missing, readCategory);
    const counts = wordCounts(column);
    let lacking = false;
    return {
      add(value) {
        counts.add(value as string | null);
        lacking ||= value === null;
      },
      learned() {
        const [first] = mostFrequent(counts.all(), 1, 1);
        if (first === undefined) throw noValues(column);
        const values = mostFrequent(counts.all(), minCount, maxCategories);
        return {
          type: 'category',
          column,
          missing: treatment(missing, lacking ? 'indicator' : 'mean'),
          fill: constant ?? first,
          encoding: encoding ?? (values.length <= mostOneHot ? 'one-hot' : 'embedding'),
          values,
        };
      },
    };
  },
  size(learned) {
    const ids = learned.values.length + (learned.missing === 'indicator' ? 2 : 1);
    return learned.encoding === 'one-hot' ? { numbers: ids, categories: [] } : { numbers: 0, categories: [ids] };
  },
  encoder(learned) {
    const { idOf, missing } = idsOf(learned);
    const oneHot = learned.encoding === 'one-hot';
    return (value, { numbers, ids }, at, idAt) => {
      const id = value === null ? missing : (idOf.get(value as string) ?? 0);
      if (oneHot) numbers[at + id] = 1;
      else ids[idAt] = id;
    };
  },
  onnxInput: 'string',
  onnx(learned, values, graph) {
    const { idOf, missing } = idsOf(learned);
    const attributes = {
      keys_strings: { strings: [...idOf.keys(), ''] },
      values_int64s: { ints: [...idOf.values(), missing] },
      default_int64: { int: 0 },
    };
    const id = graph.node('LabelEncoder', [values], attributes, 'ai.onnx.ml');
    const refused = learned.missing === 'error' ? [graph.matches(values, '')] : [];
    if (learned.encoding === 'embedding') {
      return { numbers: [], ids: [graph.column(graph.node('Cast', [id], { to: { int: int32 } }))], refused };
    }
    const count = graph.integers([categoryFeature.size(learned).numbers]);
    return { numbers: [graph.node('OneHot', [id, count, graph.floats([0, 1])])], ids: [], refused };
  },
};

/** Ids of known categories, and that of a missing one. */
function idsOf({ values, missing, fill }: LearnedCategory): { idOf: ReadonlyMap<string, number>; missing: number } {
  const idOf = new Map(values.map((value, index) => [value, index + 1]));
  return { idOf, missing: missing === 'indicator' ? values.length + 1 : (idOf.get(fill) ?? 0) };
}

import { requireOption } from '@polytask/core';
import type { FeatureKind } from './feature-kind.js';
import type { CategoryFeature, LearnedCategory } from './features.js';
import { constantOf, noValues, treatment } from './missing.js';
import { bool, int32 } from './onnx-builder.js';
import { otherSpelling, readCategory } from './raw-values.js';
import { mostFrequent, wordCounts } from './word-counts.js';

/** Up to how many categories are encoded one-hot unless said otherwise. */
const mostOneHot = 64;
const mostCategories = 100_000;

/**
 * Categories, as one-hot numbers or as ids. What training rows did not have, or too rarely, is the unknown category. Where no training
 * row has it, its weights would stay as they began: then it is the mean of the known ones.
 */
export const categoryFeature: FeatureKind<CategoryFeature, LearnedCategory> = {
  read: readCategory,
  takesNumbers: () => false,
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
        const by = encoding ?? (values.length <= mostOneHot ? 'one-hot' : 'embedding');
        const all = counts.all();
        const rows = [...all.values()].reduce((sum, count) => sum + count, 0);
        const shares = values.map((value) => (all.get(value) as number) / rows);
        return {
          type: 'category',
          column,
          missing: treatment(missing, 'indicator', lacking),
          fill: constant ?? first,
          encoding: by,
          values,
          // Every row has one that is known: nothing can be learned of those that are not.
          ...(values.length === all.size ? { shares } : {}),
          ...(lacking ? {} : { complete: true }),
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
    const { shares } = learned;
    return (value, { numbers, ids }, at, idAt) => {
      const id = value === null ? missing : (idOf.get(value as string) ?? 0);
      if (!oneHot) ids[idAt] = id;
      else if (id === 0 && shares !== undefined) numbers.set(shares, at + 1);
      else numbers[at + id] = 1;
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
    const count = categoryFeature.size(learned).numbers;
    const oneHot = graph.node('OneHot', [id, graph.integers([count]), graph.floats([0, 1])]);
    if (learned.shares === undefined) return { numbers: [oneHot], ids: [], refused };
    const rest = new Array<number>(count - 1 - learned.shares.length).fill(0);
    const unknown = graph.floats([0, ...learned.shares, ...rest]);
    const isUnknown = graph.column(graph.node('Not', [graph.node('Cast', [id], { to: { int: bool } })]));
    return { numbers: [graph.node('Where', [isUnknown, unknown, oneHot])], ids: [], refused };
  },
};

/** All names that a category is known by. */
export function knownCategories(learned: LearnedCategory): { has(name: string): boolean } {
  return idsOf(learned).idOf;
}

/** Ids of known categories, however whole numbers are written, and that of a missing one. */
function idsOf({ values, missing, fill }: LearnedCategory): { idOf: ReadonlyMap<string, number>; missing: number } {
  const idOf = new Map(values.map((value, index) => [value, index + 1]));
  for (const [index, value] of values.entries()) {
    const other = otherSpelling(value);
    if (other !== undefined && !idOf.has(other)) idOf.set(other, index + 1);
  }
  return { idOf, missing: missing === 'indicator' ? values.length + 1 : (idOf.get(fill) ?? 0) };
}

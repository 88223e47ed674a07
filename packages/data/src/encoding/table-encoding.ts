import { DatasetError, type InputSpecs, requireOption } from '@polytask/core';
import type { Value } from './feature-kind.js';
import { kindOf } from './feature-kinds.js';
import type { FeatureOptions, LearnedFeature } from './features.js';
import { mostPieces } from './knots.js';
import { type LabelOptions, type LearnedLabel, labelLearner } from './labels.js';
import type { ReadBlock } from './read-block.js';

/** What the inputs are called that a table gives. */
export interface InputNames {
  /** Of everything that is a number. Default `numbers`. */
  readonly numbers?: string;
  /** Of ids of embedded categories. Default `categories`. */
  readonly categories?: string;
}

/** What the columns of a table are to be taken for. */
export interface TableSchema {
  readonly features: readonly FeatureColumn[];
  readonly labels: readonly LabelOptions[];
  /**
   * Into how many pieces, at most, each column of numbers is cut that says nothing of it itself: a piece for 60 values, and 2048 in all. Columns
   * under `scale: 'none'` stay as they are. Default 0: none is cut.
   */
  readonly pieces?: number;
}

/** A column that is an input. */
export type FeatureColumn = FeatureOptions & { readonly column: string };

/**
 * What was learned of a table's training rows, so that further rows can be encoded alike: means and deviations, categories,
 * names of classes. Plain data, stored with a model.
 */
export interface TableEncoding {
  readonly format: 1;
  readonly features: readonly LearnedFeature[];
  readonly labels: readonly LearnedLabel[];
  /** Names of inputs that differ from the usual ones. */
  readonly inputs?: InputNames;
}

/**
 * The names of an encoding's inputs.
 *
 * @throws `POLYTASK_INVALID_OPTION` for names that are empty, or the same.
 * @example
 * ```ts
 * import { namesOfInputs } from '@polytask/data';
 *
 * console.log(namesOfInputs({ inputs: { numbers: 'weather' } })); // => { numbers: 'weather', categories: 'categories' }
 * ```
 */
export function namesOfInputs({ inputs = {} }: Pick<TableEncoding, 'inputs'>): Required<InputNames> {
  const { numbers = 'numbers', categories = 'categories' } = inputs;
  const valid =
    [numbers, categories].every((name) => typeof name === 'string' && name !== '') && numbers !== categories;
  requireOption(valid, 'inputs', 'two different names, of `numbers` and of `categories`', inputs);
  return { numbers, categories };
}

/** Numbers of an encoded row at most: blocks of some thousand rows have to fit into memory. */
const mostNumbers = 1 << 17;

/** Learns an encoding from blocks of training rows. */
export function createTableLearner({ features, labels, pieces = 0 }: TableSchema): {
  /** Takes up the rows of a block that `use` says. */
  add(block: ReadBlock, use: (row: number) => boolean): void;
  /** @throws DatasetError (`POLYTASK_DATASET`) where a column has no value. */
  learned(): TableEncoding;
} {
  const each = Math.min(pieces, mostPieces(features.filter(({ type }) => type === 'number').length));
  const ofFeatures = features.map((feature) => kindOf(feature.type).learner(feature.column, feature, each));
  const ofLabels = labels.map(labelLearner);
  return {
    add(block, use) {
      const used = Uint32Array.from(Array.from({ length: block.size }, (_, row) => row).filter(use));
      ofFeatures.forEach(({ add }, f) => {
        addAll(add, block.features[f] as ArrayLike<Value>, used);
      });
      ofLabels.forEach(({ add }, l) => {
        addAll(add, block.labels[l] as ArrayLike<Value>, used);
      });
    },
    learned() {
      const encoding: TableEncoding = {
        format: 1,
        features: ofFeatures.map((learner) => finite(learner.learned())),
        labels: ofLabels.map((learner) => finite(learner.learned())),
      };
      refuseTooWide(encoding);
      return encoding;
    },
  };
}

/** JSON has no infinity: a model that knew one could be saved, and never be used. */
function finite<Learned extends LearnedFeature | LearnedLabel>(learned: Learned): Learned {
  const [key, value] =
    Object.entries(learned).find(([, one]) => typeof one === 'number' && !Number.isFinite(one)) ?? [];
  if (key === undefined) return learned;
  throw new DatasetError(
    `Column \`${learned.column}\` must have values whose mean and spread are numbers, but its ${key} would be ${value}: some values are ` +
      'too large. Divide the column by a power of ten, or leave those rows out.',
  );
}

function refuseTooWide(encoding: TableEncoding): void {
  const { width, places } = layoutOf(encoding);
  if (width <= mostNumbers) return;
  const widths = places.map(({ at }, index) => (places[index + 1]?.at ?? width) - at);
  const most = Math.max(...widths);
  throw new DatasetError(
    `A row must be encoded as at most ${mostNumbers} numbers, but would be ${width}, of which column ` +
      `\`${encoding.features[widths.indexOf(most)]?.column}\` takes ${most}. Embed categories instead of one-hot, or keep fewer categories or words.`,
  );
}

function addAll(add: (value: Value) => void, values: ArrayLike<Value>, rows: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) add(values[rows[i] as number] as Value);
}

/** Where the values of an encoding's features lie in the inputs `numbers` and `categories`. */
export interface EncodingLayout {
  /** Length of a row's `numbers`. */
  readonly width: number;
  /** How many categories each of a row's ids has. */
  readonly categories: readonly number[];
  /** By feature: where its numbers begin, and its id. */
  readonly places: readonly { readonly at: number; readonly idAt: number }[];
}

/**
 * The layout of an encoding: features in their order, one after another.
 *
 * @example
 * ```ts
 * import { layoutOf, learnTable } from '@polytask/data';
 *
 * const schema = { features: [{ column: 'size', type: 'number' as const }], labels: [] };
 * console.log(layoutOf(learnTable([{ size: 1 }, { size: 3 }], schema)).places); // => [ { at: 0, idAt: 0 } ]
 * ```
 */
export function layoutOf({ features }: TableEncoding): EncodingLayout {
  let width = 0;
  const categories: number[] = [];
  const places = features.map((feature) => {
    const size = kindOf(feature.type).size(feature);
    const place = { at: width, idAt: categories.length };
    width += size.numbers;
    categories.push(...size.categories);
    return place;
  });
  return { width, categories, places };
}

/**
 * The inputs of a table: `numbers` float32 with everything that is a number, `categories` int32 with the ids of embedded
 * categories; each only where the table has any, and under other names where the encoding says so.
 *
 * @example
 * ```ts
 * import { inputsOfTable, learnTable } from '@polytask/data';
 *
 * const rows = [{ size: 1, kind: 'a' }, { size: 3, kind: 'a' }, { size: 2, kind: 'b' }, { size: 4, kind: 'b' }];
 * const encoding = learnTable(rows, {
 *   features: [
 *     { column: 'size', type: 'number' },
 *     { column: 'kind', type: 'category', missing: 'error' },
 *   ],
 *   labels: [],
 * });
 * // A number, and one each for unknown, a and b.
 * console.log(inputsOfTable(encoding).numbers?.shape); // => [ 4 ]
 * ```
 */
export function inputsOfTable(encoding: TableEncoding): InputSpecs {
  const { width, categories } = layoutOf(encoding);
  const names = namesOfInputs(encoding);
  return {
    ...(width > 0 ? { [names.numbers]: { shape: [width], dtype: 'float32' as const } } : {}),
    ...(categories.length > 0
      ? { [names.categories]: { shape: [categories.length], dtype: 'int32' as const, categories } }
      : {}),
  };
}

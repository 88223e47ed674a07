import { DatasetError } from '../errors/dataset-error.js';
import type { StoredArray } from './stored-array.js';

/** Throws a {@link DatasetError} naming the row of the first number that is not finite. */
export function checkFinite(what: string, array: StoredArray): void {
  const { data, width } = array;
  if (!(data instanceof Float32Array)) return;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new DatasetError(
      `${what} must be finite, but row ${Math.floor(i / width)} has ${data[i]}. ` +
        'Fill in what is missing, or leave the row out.',
    );
  }
}

/** Throws a {@link DatasetError} where a category id is not below its number of categories. */
export function checkCategories(what: string, array: StoredArray, categories: readonly number[]): void {
  const { data, width } = array;
  if (categories.length !== width || !categories.every((count) => Number.isInteger(count) && count > 0)) {
    throw new DatasetError(
      `${what} must have as many \`categories\` as a row has numbers, ${width}, each at least 1, but has ` +
        `[${categories.join(', ')}].`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    const id = data[i] as number;
    const count = categories[i % width] as number;
    if (Number.isInteger(id) && id >= 0 && id < count) continue;
    throw new DatasetError(
      `${what} must have category ids from 0 to ${count - 1} in place ${i % width}, but row ${Math.floor(i / width)} has ` +
        `${id}. Give ids in the order of the categories, one more for unknown values.`,
    );
  }
}

/** Throws a {@link DatasetError} where an id is none of the vocabulary's. */
export function checkVocabulary(what: string, { data, width }: StoredArray, vocabulary: number): void {
  for (let i = 0; i < data.length; i++) {
    const id = data[i] as number;
    if (Number.isInteger(id) && id >= 0 && id < vocabulary) continue;
    throw new DatasetError(
      `${what} must have ids from 0 to ${vocabulary - 1}, its \`vocabulary\`, but row ${Math.floor(i / width)} has ${id}. Give ` +
        'ids in the order of the vocabulary, one more for unknown words and one for what fills up rows.',
    );
  }
}

/** Throws a {@link DatasetError} where a label is infinite; NaN is a missing one. */
export function checkLabels(column: string, array: StoredArray): void {
  const { data, width } = array;
  if (!(data instanceof Float32Array)) return;
  for (let i = 0; i < data.length; i++) {
    if (Math.abs(data[i] as number) !== Number.POSITIVE_INFINITY) continue;
    throw new DatasetError(
      `Column \`${column}\` must have finite labels, but row ${Math.floor(i / width)} has ${data[i]}. ` +
        'Use NaN where a label is missing.',
    );
  }
}

/** Throws a {@link DatasetError} where a sample weight is negative or not finite. */
export function checkWeights(column: string, array: StoredArray): void {
  for (let row = 0; row < array.data.length; row++) {
    const weight = array.data[row] as number;
    if (weight >= 0 && weight < Number.POSITIVE_INFINITY) continue;
    throw new DatasetError(
      `Sample weights of column \`${column}\` must be finite and not negative, but row ${row} has ${weight}.`,
    );
  }
}

/**
 * Row ids as int32.
 *
 * @throws DatasetError (`POLYTASK_DATASET`) where one is not a whole number from 0 to 2³¹ − 1, or occurs twice.
 */
export function checkIds(ids: ArrayLike<number>): Int32Array {
  const checked = ids instanceof Int32Array ? ids : Int32Array.from(ids);
  for (let row = 0; row < ids.length; row++) {
    if (checked[row] === ids[row] && (ids[row] as number) >= 0) continue;
    throw new DatasetError(`\`ids\` must be whole numbers from 0 to 2147483647, but row ${row} has ${ids[row]}.`);
  }
  const sorted = checked.slice().sort();
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i] !== sorted[i - 1]) continue;
    throw new DatasetError(
      `\`ids\` must all differ, but ${sorted[i]} is there twice. Number the rows, or leave \`ids\` out.`,
    );
  }
  return checked;
}

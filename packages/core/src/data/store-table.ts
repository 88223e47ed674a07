import type { InputSpec } from '../contracts/batch.js';
import type { HostTensor } from '../contracts/tensors.js';
import { DatasetError } from '../errors/dataset-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { checkCategories, checkFinite, checkLabels, checkVocabulary, checkWeights } from './check-table.js';
import { type StoredArray, storeArray } from './stored-array.js';

/** An input of a table: numbers, rows first. */
export type TableInput =
  | {
      readonly data: Float32Array | Int32Array | readonly number[];
      /** `[rows, ...]` */
      readonly shape: readonly number[];
      /** For category ids: how many categories each of a row's numbers has. */
      readonly categories?: readonly number[];
      /** For ids of one vocabulary at every position: how many ids there are. */
      readonly vocabulary?: number;
      /** Name of the input that says which positions of a row are real (1) and which only fill it up (0). */
      readonly mask?: string;
    }
  | {
      /** Kept as bytes; a batch gets them as float32 times `scale`. */
      readonly data: Uint8Array;
      readonly shape: readonly number[];
      /** Default 1; `1 / 255` for pixels in 0 … 1. */
      readonly scale?: number;
    };

/**
 * Labels of a table, one column. Plain arrays of numbers (with null for none) become float32. Missing labels are NaN in
 * float32, negative in int32.
 */
export type TableColumn = HostTensor | Float32Array | Int32Array | Uint8Array | readonly (number | null)[];

/** Sample weights, one per row. */
export type TableWeights = Float32Array | readonly number[];

/** Checks an input and keeps it. */
export function storeInput(name: string, input: TableInput): { array: StoredArray; spec: InputSpec } {
  const what = `Input \`${name}\``;
  const scale = 'scale' in input ? (input.scale ?? 1) : 1;
  if (!Number.isFinite(scale))
    throw new DatasetError(`\`scale\` of input \`${name}\` must be finite, but is ${scale}.`);
  const array = storeArray(what, input, scale);
  checkFinite(what, array);
  const dtype = array.data instanceof Int32Array ? 'int32' : 'float32';
  const { vocabulary, mask } = 'scale' in input ? {} : (input as { vocabulary?: number; mask?: string });
  const spec: InputSpec = {
    shape: array.rowShape,
    dtype,
    ...(vocabulary !== undefined && { vocabulary }),
    ...(mask !== undefined && { mask }),
  };
  if (vocabulary !== undefined) checkVocabulary(what, array, vocabulary);
  const categories = 'categories' in input ? input.categories : undefined;
  if (categories === undefined) return { array, spec };
  checkCategories(what, array, categories);
  return { array, spec: { ...spec, categories } };
}

/** Checks a column of labels and keeps it. */
export function storeColumn(name: string, column: TableColumn): StoredArray {
  const given = 'shape' in column ? column : { data: column, shape: [column.length] };
  const data = (given.data as unknown) instanceof Uint8Array ? Int32Array.from(given.data) : given.data;
  const array = storeArray(`Column \`${name}\``, { data, shape: given.shape });
  checkLabels(name, array);
  return array;
}

/** Checks sample weights, given once for all columns or by column, and keeps them by column. */
export function storeWeights(
  given: TableWeights | { readonly [column: string]: TableWeights } | undefined,
  columns: readonly string[],
): Map<string, StoredArray> {
  if (given === undefined) return new Map();
  const store = (name: string, weights: TableWeights) => {
    const array = storeArray(`Sample weights of column \`${name}\``, { data: weights, shape: [weights.length] });
    checkWeights(name, array);
    return array;
  };
  if (given instanceof Float32Array || Array.isArray(given)) {
    const shared = store(columns.join('`, `'), given as TableWeights);
    return new Map(columns.map((name) => [name, shared]));
  }
  return new Map(
    Object.entries(given as { [column: string]: TableWeights }).map(([name, weights]) => {
      if (!columns.includes(name)) throw new UnknownNameError('column', name, columns);
      return [name, store(name, weights)];
    }),
  );
}

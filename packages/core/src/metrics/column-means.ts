import { compensatedSum, type RunningSum } from './compensated-sum.js';

/** A weighted mean per column. */
export interface ColumnMeans {
  add(column: number, value: number, weight: number): void;
  /** The mean over columns of `transform` of each column's mean; columns without values are left out, NaN if there is none. */
  result(transform?: (mean: number) => number): number;
}

/** Starts weighted means of columns that appear as they come. */
export function columnMeans(): ColumnMeans {
  const columns = new Map<number, { readonly values: RunningSum; readonly weights: RunningSum }>();
  return {
    add(column, value, weight) {
      let sums = columns.get(column);
      if (sums === undefined) {
        sums = { values: compensatedSum(), weights: compensatedSum() };
        columns.set(column, sums);
      }
      sums.values.add(weight * value);
      sums.weights.add(weight);
    },
    result(transform = (mean) => mean) {
      let sum = 0;
      for (const { values, weights } of columns.values()) sum += transform(values.value() / weights.value());
      return sum / columns.size;
    },
  };
}

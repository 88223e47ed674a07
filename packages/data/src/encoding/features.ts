import type { DateNumbers } from './date-numbers.js';

/**
 * What is done where a feature has no value:
 * - `'mean'`: the mean over the training rows stands in (of categories: the most frequent one);
 * - `'indicator'`: the same for numbers, and a further number that is 1 where the value is missing and 0 elsewhere;
 *   categories get a category of its own for it; the same as `'mean'` where no training row lacks a value, since nothing could be
 *   learned of it;
 * - `{ constant }`: this value stands in;
 * - `'error'`: the row is refused.
 *
 * NaN and infinite numbers count as missing, and so do dates beyond those that JavaScript has (100,000,000 days around 1970).
 */
export type Missing = 'mean' | 'indicator' | 'error' | { readonly constant: number | string | boolean };

/** A column of numbers. */
export interface NumberFeature {
  readonly type: 'number';
  /** Default: `'indicator'` if training rows lack a value, else `'mean'`. */
  readonly missing?: Missing;
  /** `'standardize'`: less the training mean, over the training standard deviation (the default); `'none'`: as they are. */
  readonly scale?: 'standardize' | 'none';
  /**
   * Into how many pieces, of about as many training rows each, the numbers are cut: each becomes a number more, which says how much of it
   * lies below. 0: none. Default: as the table says.
   */
  readonly pieces?: number;
}

/** A column of true and false, encoded as 1 and 0. */
export interface BooleanFeature {
  readonly type: 'boolean';
  /** Default: `'indicator'` if training rows lack a value, else `'mean'`. */
  readonly missing?: Missing;
}

/** A column of names out of a limited number. */
export interface CategoryFeature {
  readonly type: 'category';
  /**
   * `'one-hot'`: a number per category, 1 for the row's own and 0 elsewhere; `'embedding'`: the category's id, of which the
   * encoder `tabular` learns a vector. Default: one-hot up to 64 categories, else embedding.
   */
  readonly encoding?: 'one-hot' | 'embedding';
  /** Default: `'indicator'` if training rows lack a value, else `'mean'`. */
  readonly missing?: Missing;
  /** A category that fewer training rows have counts as unknown, so that the unknown is learned too. Default 2. */
  readonly minCount?: number;
  /** Only the most frequent ones; the others count as unknown. Default 1000. */
  readonly maxCategories?: number;
}

/** A column of dates. */
export interface DateFeature {
  readonly type: 'date';
  /**
   * `'year'`, `'week'`, `'day'`: where in its year, week or day the date lies, as sine and cosine; `'trend'`: the date itself,
   * standardised. Default: all but `'day'`, and that too where training rows have a time of day.
   */
  readonly parts?: readonly DatePart[];
  /** Whether the trend is among the parts that are taken by default. Default true. */
  readonly trend?: boolean;
  /**
   * What numbers stand for. Default: found out by all numbers of the column when it is learned, and kept. Numbers that could be anything
   * are refused in files, and milliseconds, as `Date.getTime` gives them, in rows of a program.
   */
  readonly numbers?: DateNumbers;
  /** Default: `'indicator'` if training rows lack a value, else `'mean'`. Means are 0 in all parts. */
  readonly missing?: Missing;
}

/** A part of a date, see {@link DateFeature.parts}. */
export type DatePart = 'trend' | 'year' | 'week' | 'day';

/** A column of texts, as a bag of words: a number per word, 1 where it occurs. */
export interface TextFeature {
  readonly type: 'text';
  /** How many words, the most frequent ones. Default 256. */
  readonly words?: number;
  /** Default `'mean'`, which for texts means no word at all. */
  readonly missing?: Missing;
}

/** What a column is taken for. */
export type FeatureOptions = NumberFeature | BooleanFeature | CategoryFeature | DateFeature | TextFeature;

/** How missing values are treated, as it is stored. */
export type LearnedMissing = 'mean' | 'indicator' | 'error' | 'constant';

/** What was learned of a column of numbers or of true and false: `(x − center) / scale`. */
export interface LearnedNumber {
  readonly type: 'number' | 'boolean';
  readonly column: string;
  readonly missing: LearnedMissing;
  /** Stands in for a missing value. */
  readonly fill: number;
  readonly center: number;
  readonly scale: number;
  /** The ends of the pieces, rising; left out where there is none. */
  readonly knots?: readonly number[];
  /** Whether all training rows had a value. */
  readonly complete?: boolean;
}

/** What was learned of categories. Ids: 0 unknown, then `values` from 1 on, then missing under `'indicator'`. */
export interface LearnedCategory {
  readonly type: 'category';
  readonly column: string;
  readonly missing: LearnedMissing;
  /** Stands in for a missing value under `'mean'` and `'constant'`. */
  readonly fill: string;
  readonly encoding: 'one-hot' | 'embedding';
  readonly values: readonly string[];
  /**
   * Where every category of the training rows is known: the share of the rows with each of `values`. One-hot, they stand for an unknown
   * one; of embedded ones, some rows are taken for unknown in training. Left out where training rows have unknown ones.
   */
  readonly shares?: readonly number[];
  /** Whether all training rows had a value. */
  readonly complete?: boolean;
}

/** What was learned of dates; milliseconds since 1970. */
export interface LearnedDate {
  readonly type: 'date';
  readonly column: string;
  readonly missing: LearnedMissing;
  /** Stands in for a missing value under `'constant'`; otherwise all parts are 0. */
  readonly fill: number;
  readonly parts: readonly DatePart[];
  /** What numbers stand for; left out where the column had none: then milliseconds. */
  readonly numbers?: DateNumbers;
  readonly center: number;
  readonly scale: number;
  /** Whether all training rows had a value. */
  readonly complete?: boolean;
}

/** What was learned of texts. */
export interface LearnedText {
  readonly type: 'text';
  readonly column: string;
  readonly missing: LearnedMissing;
  /** Stands in for a missing value under `'constant'`. */
  readonly fill: string;
  readonly words: readonly string[];
  /** How words are separated: as runs of letters and digits where this is left out. */
  readonly split?: 'scripts';
}

/** What was learned of a column: plain data, stored with a model. */
export type LearnedFeature = LearnedNumber | LearnedCategory | LearnedDate | LearnedText;

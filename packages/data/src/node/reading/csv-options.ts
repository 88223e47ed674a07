/** How CSV files are written, where that cannot be seen in them. */
export interface CsvOptions {
  /** Between two values. Default: found out, by the first lines. */
  readonly delimiter?: string;
  /** Whether the first line has the columns' names. Default: found out. */
  readonly header?: boolean;
  /** Texts that stand for no value. Default: the empty text. */
  readonly missing?: readonly string[];
  /** Around values with delimiters in them; the empty text for none. Default `"`, whether there is one in the first lines or not. */
  readonly quote?: string;
  /** Between whole and fraction. Default a point. */
  readonly decimal?: string;
  /** How dates are written, as `strptime` says it: `%d/%m/%Y`. Default: found out, by all values. */
  readonly date?: string;
  /** How dates with a time are written. Default: found out, by all values. */
  readonly timestamp?: string;
  /** How characters are written: any name that `TextDecoder` knows. Default UTF-8, or what a byte order mark says. */
  readonly encoding?: string;
  /** Lines before the header. Default 0, or 1 where the first one says `sep=;`. */
  readonly skip?: number;
}

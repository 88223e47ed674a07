import { quoteText } from './duckdb.js';

const wholeNumber = /^[+-]?\d+$/;
const anyNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What a text looks like, at first sight. */
export function kindOfText(text: string): 'none' | 'number' | 'text' {
  const trimmed = text.trim();
  if (trimmed === '' || missingWords.has(trimmed.toLowerCase())) return 'none';
  if (anyNumber.test(trimmed) || /^[+-]?\d+,\d+$/.test(trimmed)) return 'number';
  if (/^(true|false)$/i.test(trimmed) || /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}/.test(trimmed)) return 'number';
  return 'text';
}

/** Words that people write where there is no value. */
export const missingWords: ReadonlySet<string> = new Set([
  '',
  '?',
  '-',
  '--',
  '.',
  'na',
  'n/a',
  'nan',
  '#n/a',
  'null',
  'none',
  'nil',
  'missing',
  'unknown',
  '(null)',
  '\\n',
]);

/** How a column of a CSV file is read: a type of DuckDB and, of dates, how they are written. Plain data, kept with a model. */
export interface ColumnReading {
  readonly name: string;
  readonly type: string;
  /** In the manner of `strptime`; left out of dates as ISO 8601 has them. */
  readonly format?: string;
}

/** What a reading needs to know of a file. */
export interface ValueOptions {
  /** Between whole and fraction. Default a point. */
  readonly decimal?: string;
  /** Formats of dates and times that are tried alone. */
  readonly date?: string;
  readonly timestamp?: string;
}

const months = '[A-Za-z]{3,9}\\.?';
const day = '\\d{1,2}';

/** Ways to write a date, each with the texts that can be meant. */
const dateFormats: readonly (readonly [format: string, pattern: RegExp])[] = [
  ...['/', '-', '.'].flatMap((mark): [string, RegExp][] => {
    const m = `\\${mark}`;
    const ends = new RegExp(`^${day}${m}${day}${m}\\d{4}$`);
    const short = new RegExp(`^${day}${m}${day}${m}\\d{2}$`);
    const begins = new RegExp(`^\\d{4}${m}${day}${m}${day}$`);
    return [
      [['%m', '%d', '%Y'].join(mark), ends],
      [['%d', '%m', '%Y'].join(mark), ends],
      [['%m', '%d', '%y'].join(mark), short],
      [['%d', '%m', '%y'].join(mark), short],
      ...(mark === '-' ? [] : [[['%Y', '%m', '%d'].join(mark), begins] as [string, RegExp]]),
    ];
  }),
  ['%d %b %Y', new RegExp(`^${day} ${months} \\d{4}$`)],
  ['%d-%b-%Y', new RegExp(`^${day}-[A-Za-z]{3}-\\d{4}$`)],
  ['%d-%b-%y', new RegExp(`^${day}-[A-Za-z]{3}-\\d{2}$`)],
  ['%d %B %Y', new RegExp(`^${day} ${months} \\d{4}$`)],
  ['%b %d, %Y', new RegExp(`^${months} ${day}, \\d{4}$`)],
  ['%B %d, %Y', new RegExp(`^${months} ${day}, \\d{4}$`)],
  ['%b %d %Y', new RegExp(`^${months} ${day} \\d{4}$`)],
];

/** Ways to write a time behind a date. */
const timeFormats: readonly (readonly [format: string, pattern: RegExp])[] = [
  [' %H:%M', / \d{1,2}:\d\d$/],
  [' %H:%M:%S', / \d{1,2}:\d\d:\d\d$/],
  [' %I:%M %p', / \d{1,2}:\d\d [AaPp][Mm]$/],
  [' %I:%M:%S %p', / \d{1,2}:\d\d:\d\d [AaPp][Mm]$/],
];

/** A reading that is tried: all first values look like it. */
export type Candidate = Omit<ColumnReading, 'name'>;

/**
 * Readings that all first values of a column look like, the narrowest first; what no value says can be anything. Texts fit always and
 * are not among them.
 */
export function candidatesFor(
  sample: readonly string[],
  options: ValueOptions,
  missing: ReadonlySet<string>,
): Candidate[] {
  const values = [...new Set(sample.map((value) => value.trim()))].filter((value) => !missing.has(value));
  if (values.length === 0) return ['BIGINT', 'DOUBLE', 'BOOLEAN', 'DATE', 'TIMESTAMP'].map((type) => ({ type }));
  const all = (pattern: RegExp) => values.every((value) => pattern.test(value));
  const isNumber =
    options.decimal === ','
      ? /^[+-]?(\d+,?\d*|,\d+)(e[+-]?\d+)?$/i
      : /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan)$/i;
  const dates =
    options.date === undefined
      ? dateFormats.filter(([, pattern]) => all(pattern)).map(([format]) => format)
      : [options.date];
  const times =
    options.timestamp === undefined
      ? timeFormats
          .filter(([, time]) => all(time))
          .flatMap(([time, pattern]) => {
            const without = values.map((value) => value.replace(pattern, ''));
            return dateFormats
              .filter(([, date]) => without.every((value) => date.test(value)))
              .map(([date]) => `${date}${time}`);
          })
      : [options.timestamp];
  return [
    ...(all(wholeNumber) ? [{ type: 'BIGINT' }, { type: 'HUGEINT' }] : []),
    ...(all(isNumber) ? [{ type: 'DOUBLE' }] : []),
    ...(all(/^(true|false)$/) ? [{ type: 'BOOLEAN' }] : []),
    ...(all(/^\d{4}-\d{1,2}-\d{1,2}$/) ? [{ type: 'DATE' }] : []),
    ...(all(/^\d{4}-\d{1,2}-\d{1,2}([ T].*)?$/) ? [{ type: 'TIMESTAMP' }] : []),
    ...(all(/^\d{1,2}:\d\d(:\d\d(\.\d+)?)?$/) ? [{ type: 'TIME' }] : []),
    ...dates.map((format) => ({ type: 'DATE', format })),
    ...times.map((format) => ({ type: 'TIMESTAMP', format })),
  ];
}

/** A value of type VARCHAR, read as a column's type; NULL where it cannot be. SQL. */
export function valueSql(text: string, { type, format }: Candidate, { decimal = '.' }: ValueOptions): string {
  const trimmed = `trim(${text})`;
  if (format !== undefined) return `CAST(try_strptime(${trimmed}, ${quoteText(format)}) AS ${type})`;
  if (type !== 'DOUBLE' || decimal === '.') return `TRY_CAST(${trimmed} AS ${type})`;
  return `CASE WHEN contains(${text}, '.') THEN NULL ELSE TRY_CAST(replace(${trimmed}, ${quoteText(decimal)}, '.') AS DOUBLE) END`;
}

/** Whether a value of type VARCHAR is one of a column's type, and would be written so. SQL; NULL counts as no. */
export function fitsSql(text: string, reading: Candidate, options: ValueOptions): string {
  const trimmed = `trim(${text})`;
  const value = valueSql(text, reading, options);
  const { type, format } = reading;
  // With zeros in front, or beyond what the type can hold, it is a name.
  if (type === 'BIGINT' || type === 'HUGEINT') return `CAST(${value} AS VARCHAR) = ${trimmed}`;
  if (type === 'DOUBLE')
    return `${value} IS NOT NULL AND NOT regexp_matches(${trimmed}, '^[+-]?0\\d+$|^[+-]?\\d{17,}$|_')`;
  if (type === 'BOOLEAN') return `${text} IN ('true', 'false')`;
  if (format?.includes('%Y') === true) return `${value} IS NOT NULL AND regexp_matches(${text}, '\\d{4}')`;
  // A number alone is a date to some readers.
  return `${value} IS NOT NULL AND regexp_matches(${trimmed}, '^\\d{1,4}[-:]\\d')`;
}

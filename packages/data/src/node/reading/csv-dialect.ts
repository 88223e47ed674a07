import type { CsvOptions } from './csv-options.js';
import { type CsvMarks, csvRecords } from './csv-records.js';
import { kindOfText } from './csv-values.js';

/** How a CSV file is written: everything that reading it needs besides the types of its columns. Plain data, kept with a model. */
export interface CsvDialect extends CsvMarks {
  readonly header: boolean;
  /** Lines before the header, or before the first row where there is none. */
  readonly skip: number;
}

/** A CSV file as its beginning shows it. */
export interface SeenCsv {
  readonly dialect: CsvDialect;
  /** Names of the columns, all different. */
  readonly names: readonly string[];
  /** Columns whose name in the file is missing, or that of another one. */
  readonly renamed: readonly { readonly column: string; readonly from: string }[];
  /** First values of every column. */
  readonly samples: readonly (readonly string[])[];
}

/** Characters that stand between values. */
const delimiters = [',', ';', '\t', '|'];
/** Records that are looked at. */
const looked = 200;

/**
 * Sees how a CSV file is written. A quote is `"` whether there is one in the beginning or not, since that is CSV's rule; the delimiter
 * is that by which most records are as wide as the first one; the first record is a header unless it looks like the others.
 *
 * @param text - The beginning of the file.
 * @param ends - Whether that is all of it.
 * @param options - What is known of it already.
 * @param needed - Columns that the file must have: of several delimiters, one that gives them is right.
 */
export function seeCsv(text: string, ends: boolean, options: CsvOptions, needed: readonly string[] = []): SeenCsv {
  const said = /^(?:\ufeff)?sep=(.)\r?\n/.exec(text);
  const skip = options.skip ?? (said === null ? 0 : 1);
  const body = withoutLines(text.replace(/^\ufeff/, ''), skip);
  const quote = options.quote ?? '"';
  const known = options.delimiter ?? said?.[1];
  // One that is known is tried first, and wins where none is better.
  const tried = known === undefined ? delimiters : needed.length === 0 ? [known] : [known, ...delimiters];
  const found = tried.flatMap((delimiter) =>
    // A backslash counts only where it makes records alike that would not be otherwise.
    (quote !== '' && body.includes(`\\${quote}`) ? [quote, '\\'] : [quote]).map((before) => {
      const marks = { delimiter, quote, escape: before };
      return { marks, ...judged(csvRecords(body, marks, ends, looked), needed) };
    }),
  );
  const best = found.reduce((one, other) => (other.score > one.score + 1e-9 ? other : one));
  const { marks, records } = best.width > 1 || known !== undefined ? best : (found[0] as typeof best);
  const [first = [], ...others] = records;
  const header = options.header ?? isHeader(first, others);
  const { names, renamed } = header
    ? differentNames(first)
    : { names: first.map((_, i) => numbered(i, first.length)), renamed: [] };
  const rows = header ? others : records;
  return {
    dialect: { ...marks, header, skip },
    names,
    renamed,
    samples: names.map((_, column) => rows.flatMap((row) => row[column] ?? [])),
  };
}

/** How well records fit together: the share that is as wide as the first one, wider records before narrower. */
function judged(records: string[][], needed: readonly string[]): { records: string[][]; width: number; score: number } {
  const width = records[0]?.length ?? 0;
  const alike = records.filter((record) => record.length === width).length / Math.max(1, records.length);
  const names = new Set(records[0]?.map((name) => name.trim()));
  const has = needed.length > 0 && needed.every((name) => names.has(name)) ? 4 : 0;
  return { records, width, score: has + (width > 1 ? 1 + alike + width / (1 << 20) : 0) };
}

/** Whether a first record names columns: in some column it is a text where the others are none, or all are texts. */
function isHeader(first: readonly string[], others: readonly (readonly string[])[]): boolean {
  if (others.length === 0) return true;
  let texts = 0;
  for (const [column, name] of first.entries()) {
    const kinds = others.flatMap((record) => {
      const kind = kindOfText(record[column] ?? '');
      return kind === 'none' ? [] : [kind];
    });
    const isText = kinds.filter((kind) => kind === 'text').length * 2 > kinds.length;
    if (isText || kinds.length === 0) texts += kindOfText(name) === 'text' ? 1 : 0;
    else if (kindOfText(name) === 'text') return true;
  }
  return texts === first.length || (texts > 0 && first.every((name) => kindOfText(name) !== 'number'));
}

/** Names of a header, made different from each other where they are not, up to capitals as SQL sees them. */
function differentNames(given: readonly string[]): Pick<SeenCsv, 'names' | 'renamed'> {
  const taken = new Set(given.map((name) => name.trim().toLowerCase()));
  const used = new Set<string>();
  const renamed: { column: string; from: string }[] = [];
  const names = given.map((raw, index) => {
    const from = raw.trim();
    let name = from === '' ? numbered(index, given.length) : from;
    for (let n = 1; used.has(name.toLowerCase()); n++) {
      const next = `${from === '' ? numbered(index, given.length) : from}_${n}`;
      if (!taken.has(next.toLowerCase())) name = next;
    }
    used.add(name.toLowerCase());
    if (name !== from) renamed.push({ column: name, from });
    return name;
  });
  return { names, renamed };
}

/** The name of a column without one, as DuckDB gives it. */
function numbered(index: number, count: number): string {
  return `column${String(index).padStart(String(count - 1).length, '0')}`;
}

function withoutLines(text: string, count: number): string {
  let at = 0;
  for (let line = 0; line < count; line++) {
    const end = text.indexOf('\n', at);
    if (end < 0) return '';
    at = end + 1;
  }
  return text.slice(at);
}

/** How values are separated. */
export interface CsvMarks {
  /** Between two values. */
  readonly delimiter: string;
  /** Around a value that may hold delimiters and line breaks; empty where there is none. */
  readonly quote: string;
  /** Before a quote within quotes that is part of the value: the quote itself, or a backslash. */
  readonly escape: string;
}

/**
 * The records at the beginning of a CSV file, by RFC 4180: enough of it to see how the file is written. Empty lines are no records.
 *
 * @param text - The beginning of the file; a last record that `ends` says is not complete is left out.
 * @param most - How many records are wanted.
 */
export function csvRecords(
  text: string,
  { delimiter, quote, escape: before }: CsvMarks,
  ends: boolean,
  most: number,
): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length && records.length < most) {
    let value = '';
    if (quote !== '' && text.startsWith(quote, at)) {
      const { inside, end } = quotedValue(text, at + quote.length, quote, before);
      value = inside;
      at = end;
    }
    const from = at;
    while (at < text.length && !text.startsWith(delimiter, at) && text[at] !== '\n' && text[at] !== '\r') at++;
    record.push(value + text.slice(from, at));
    if (at >= text.length) break;
    if (text.startsWith(delimiter, at)) {
      at += delimiter.length;
      if (at >= text.length) record.push('');
      continue;
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  }
  if (ends && records.length < most && (record.length > 1 || (record[0] ?? '') !== '')) records.push(record);
  return records;
}

function quotedValue(text: string, start: number, quote: string, before: string): { inside: string; end: number } {
  let inside = '';
  let at = start;
  while (at < text.length) {
    if (text.startsWith(before + quote, at)) {
      inside += quote;
      at += before.length + quote.length;
    } else if (text.startsWith(quote, at)) return { inside, end: at + quote.length };
    else inside += text[at++];
  }
  return { inside, end: at };
}

import { basename } from 'node:path';
import { TableError } from './table-error.js';

/** A row that cannot be used. */
export interface BadRow {
  /** Name of its file, where it is known. */
  readonly file?: string;
  /** Line in the file, from 1, where it is known. */
  readonly line?: number;
  /** Row of the table, from 1, where the line is not known. */
  readonly row?: number;
  readonly column?: string;
  readonly reason: string;
}

/** The rows that cannot be used: all are counted, the first are described. */
export interface BadRows {
  readonly count: number;
  readonly first: readonly BadRow[];
  /** What may be wrong with whole columns. */
  readonly advice?: readonly string[];
}

/** How many are described. */
export const mostDescribed = 10;

/** A bad row in words: `people.csv:3, column \`age\`: ...`. */
export function describeBadRow({ file, line, row, column, reason }: BadRow): string {
  const name = file === undefined ? '' : basename(file);
  const place = line === undefined ? `${name === '' ? '' : `${name}, `}row ${row}` : `${name}:${line}`;
  return `${place}${column === undefined ? '' : `, column \`${column}\``}: ${reason}`;
}

/** Several lists as one. */
export function joinBadRows(...lists: readonly BadRows[]): BadRows {
  const advice = [...new Set(lists.flatMap((list) => list.advice ?? []))];
  return {
    count: lists.reduce((sum, { count }) => sum + count, 0),
    first: lists.flatMap(({ first }) => first).slice(0, mostDescribed),
    ...(advice.length === 0 ? {} : { advice }),
  };
}

/** Throws where there are more bad rows than are allowed. */
export function checkBadRows({ count, first, advice = [] }: BadRows, most: number): void {
  if (count <= most) return;
  // One of each kind: the same value in a thousand rows is one mistake.
  const told = first.filter(
    ({ column, reason }, i) => first.findIndex((bad) => bad.column === column && bad.reason === reason) === i,
  );
  const more = count > told.length ? `\n  and ${count - told.length} more` : '';
  const limit = most === 0 ? 'all rows must be right' : `at most ${most} rows may be wrong`;
  throw new TableError(
    ['maxBadRows'],
    `${limit}, but ${count} cannot be used:\n${told.map((bad) => `  ${describeBadRow(bad)}`).join('\n')}${more}\n` +
      (advice.length > 0 ? advice.join('\n') : `Correct them, or leave them out with \`maxBadRows: ${count}\`.`),
  );
}

import { type EncodedRows, encodeRows, type TableEncoding, type Unfamiliar } from '@polytask/data';
import type { BadRow, BadRows } from '@polytask/data/node';
import { InputError } from '@polytask/experiment/early';
import { counted } from '../report/format.js';
import type { RowBlock } from './row-source.js';

/** How many are described one by one. */
const mostTold = 10;

/** Encodes blocks of rows and counts those that cannot be used. */
export interface BlockEncoder {
  /**
   * @returns What the model takes, and which rows mean nothing.
   * @throws InputError as soon as there are more bad rows than may be.
   */
  encode(block: RowBlock): { readonly encoded: EncodedRows; isBad(row: number): boolean };
  /** Counts lines that are no rows, under the same limit; keeps what is said of whole columns. */
  addLines(badLines: BadRows): void;
  readonly found: BadRows;
  /** What training rows never had, by column. */
  readonly unfamiliar: readonly Unfamiliar[];
}

/** @param most - How many rows may be bad. */
export function blockEncoder(encoding: TableEncoding, most: number, labels: boolean | 'there' = false): BlockEncoder {
  const first: BadRow[] = [];
  let count = 0;
  const unfamiliar = new Map<string, Unfamiliar>();
  const advice = new Set<string>();
  const add = (badRows: BadRows) => {
    for (const sentence of badRows.advice ?? []) advice.add(sentence);
    count += badRows.count;
    first.push(...badRows.first.slice(0, mostTold - first.length));
    if (count > most) throw tooMany({ first, count, advice: [...advice] }, most);
  };
  return {
    addLines: add,
    encode({ file, first: begin, rows }) {
      const bad = new Map<number, BadRow[]>();
      const encoded = encodeRows(encoding, rows, {
        labels,
        report(row, column, reason) {
          const before = bad.get(row) ?? [];
          bad.set(row, [...before, { file, row: begin + row + 1, column, reason }]);
        },
      });
      for (const { column, unknown, missing } of encoded.unfamiliar) {
        const before = unfamiliar.get(column) ?? { unknown: 0, missing: 0 };
        unfamiliar.set(column, { column, unknown: before.unknown + unknown, missing: before.missing + missing });
      }
      // Everything that is wrong with a row, row by row.
      const inOrder = [...bad.keys()].sort((a, b) => a - b);
      add({ count: bad.size, first: inOrder.flatMap((row) => bad.get(row) ?? []) });
      return { encoded, isBad: (row) => bad.has(row) };
    },
    get found() {
      return { count, first };
    },
    get unfamiliar() {
      return [...unfamiliar.values()];
    },
  };
}

/** Where a bad row is: `people.csv, row 3, column \`age\``, or `people.csv:4` where the line is known. */
export function placeOfBadRow({ file, line, row, column }: BadRow): string {
  const place = line === undefined ? `${file}, row ${row}` : `${file}:${line}`;
  return `${place}${column === undefined ? '' : `, column \`${column}\``}`;
}

function tooMany({ first, count, advice }: Required<BadRows>, most: number): InputError {
  const limit = most === 0 ? 'all rows must be right' : `at most ${counted(most, 'row')} may be wrong`;
  const told = first.map((bad) => ({ where: placeOfBadRow(bad), message: bad.reason }));
  const message = `${limit}, but ${count} cannot be read so far; correct them, or allow more, such as --max-bad-rows ${count}`;
  // What is wrong with whole columns no row can be excused for.
  const file = first[0]?.file ?? 'the rows';
  const alike = 'later files are read as those of training; write this one alike';
  const columns = advice.map((sentence) => ({ where: file, message: `${sentence.replace(/\.$/, '')}; ${alike}` }));
  return new InputError([...told, ...columns, { where: '--max-bad-rows', message }]);
}

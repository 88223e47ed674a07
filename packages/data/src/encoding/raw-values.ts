import { type DateNumbers, isInCalendar, momentOf, packedMoment } from './date-numbers.js';

/** A row as it comes from a file, a database or a form: values by column. */
export interface RawRow {
  readonly [column: string]: unknown;
}

/** A value that cannot be read as what its column holds; the text says why. */
export class Unreadable {
  constructor(readonly reason: string) {}
}

/**
 * A raw value as a number: NaN where there is none. Numbers, big integers, booleans (1 and 0), and texts that hold a
 * number are read; an empty text is missing.
 */
export function readNumber(value: unknown): number | Unreadable {
  if (typeof value === 'number') return value;
  if (value === null || value === undefined) return Number.NaN;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return textAsNumber(value);
  return new Unreadable(`${shown(value)} is no number`);
}

/** A raw value as 1 (true), 0 (false) or NaN (missing). */
export function readBoolean(value: unknown): number | Unreadable {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || value === undefined) return Number.NaN;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (word === '') return Number.NaN;
  if (word === 'true' || word === 'yes' || word === '1' || word === 1 || word === 1n) return 1;
  if (word === 'false' || word === 'no' || word === '0' || word === 0 || word === 0n) return 0;
  if (typeof value === 'number' && Number.isNaN(value)) return Number.NaN;
  return new Unreadable(`${shown(value)} is neither true nor false`);
}

/** The last moment that JavaScript's dates have, in milliseconds since 1970; the first one is as far on the other side. */
export const latest = 8.64e15;

/** Whether a number of milliseconds is a date; what is beyond JavaScript's dates counts as missing. */
export function isDate(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= latest;
}

/**
 * A raw value as milliseconds since 1970 in UTC: dates, ISO texts (`2012-01-31`, `2012-01-31T12:30:00Z`, also with a
 * space for the T), and numbers as what they stand for in their column. A text without a time zone is UTC on every machine. A date
 * that the calendar does not have is none.
 *
 * @param numbers - Default: numbers are milliseconds, and a text of eight digits is a year, a month and a day.
 */
export function readDate(value: unknown, numbers?: DateNumbers): number | Unreadable {
  if (value === null || value === undefined) return Number.NaN;
  if (typeof value === 'number' || typeof value === 'bigint') return readMoment(Number(value), numbers);
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'string') {
    const text = value.trim();
    if (text === '') return Number.NaN;
    if (numbers !== undefined && /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text)) return readMoment(Number(text), numbers);
    const packed = /^\d{8}$/.test(text) ? packedMoment(Number(text)) : undefined;
    if (packed !== undefined) return packed;
    const parts =
      /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/.exec(text);
    const time = parts === null ? Number.NaN : Date.parse(`${parts[1]}T${parts[2] ?? '00:00'}${zoneOf(parts[3])}`);
    // The parser takes the 31st of February for the 3rd of March.
    if (!Number.isNaN(time) && isInCalendar(parts?.[1] as string)) return time;
  }
  return new Unreadable(`${shown(value)} is no date such as 2012-01-31 or 2012-01-31T12:30:00Z`);
}

/** A number as a date; what is beyond JavaScript's dates counts as missing. */
function readMoment(value: number, numbers: DateNumbers = 'milliseconds'): number | Unreadable {
  if (!Number.isFinite(value)) return Number.NaN;
  // All packed dates would be the same morning.
  if (numbers === 'milliseconds' && packedMoment(value) !== undefined && value < 1e8) {
    return new Unreadable(
      `${shown(value)} looks like a year, a month and a day, but the column's numbers are milliseconds`,
    );
  }
  const moment = momentOf(value, numbers);
  if (moment === undefined)
    return new Unreadable(`${shown(value)} is no date such as 20240131, as the column has them`);
  return isDate(moment) ? moment : Number.NaN;
}

/** A whole number as it may be written too: programs that have no whole numbers with gaps write 1 as 1.0. */
export function otherSpelling(name: string): string | undefined {
  if (/^-?\d+$/.test(name)) return `${name}.0`;
  return /^-?\d+\.0$/.test(name) ? name.slice(0, -2) : undefined;
}

/** A raw value as the name of a category; null where there is none. */
export function readCategory(value: unknown): string | null | Unreadable {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isNaN(value) ? null : String(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return value.toISOString();
  return new Unreadable(`${shown(value)} is no category`);
}

/** A value as an error shows it, short. */
export function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function textAsNumber(text: string): number | Unreadable {
  const trimmed = text.trim();
  if (trimmed === '' || /^nan$/i.test(trimmed)) return Number.NaN;
  const infinity = /^([+-]?)inf(inity)?$/i.exec(trimmed);
  if (infinity !== null) return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // Number() would also take 0x10 and the like.
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)
    ? Number(trimmed)
    : new Unreadable(`${shown(text)} is no number`);
}

function zoneOf(zone: string | undefined): string {
  if (zone === undefined || zone === 'Z') return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

/**
 * What the numbers of a column of dates stand for:
 * - `'packed'`: digits, 20240131 for a day, 20240131123000 for a second of it;
 * - `'days'`, `'seconds'`, `'milliseconds'`: since the beginning of 1970, UTC;
 * - `'serial'`: days as spreadsheets count them, from 30 December 1899 on.
 */
export type DateNumbers = 'packed' | 'days' | 'serial' | 'seconds' | 'milliseconds';

/** All of them. */
export const dateNumbers: readonly DateNumbers[] = ['packed', 'days', 'serial', 'seconds', 'milliseconds'];

const day = 86_400_000;
/** Days from 30 December 1899 to 1970. */
const serialOf1970 = 25_569;

/** A number as milliseconds since 1970; undefined where it is no packed date, but should be. */
export function momentOf(value: number, numbers: DateNumbers): number | undefined {
  if (numbers === 'packed') return packedMoment(value);
  if (numbers === 'serial') return Math.round((value - serialOf1970) * day);
  return value * { days: day, seconds: 1000, milliseconds: 1 }[numbers];
}

/** Whether the calendar has a date such as 2012-01-31. */
export function isInCalendar(date: string): boolean {
  return !Number.isNaN(Date.parse(date)) && new Date(`${date}T00:00Z`).toISOString().startsWith(date);
}

/** A whole number such as 20120131 or 20120131123000 as that moment, between the years 1800 and 2200; undefined for any other. */
export function packedMoment(value: number): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?$/.exec(String(value));
  if (parts === null) return undefined;
  const [, year = '', month = '', date = '', hour = '00', minute = '00', second = '00'] = parts;
  const isYear = year >= '1800' && year <= '2200';
  if (!isYear || !isInCalendar(`${year}-${month}-${date}`)) return undefined;
  const time = Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) || hour === '24' ? undefined : time;
}

/** What is known of the numbers of a whole column. */
export interface NumbersOfDates {
  readonly count: number;
  /** How many of them are packed dates. */
  readonly packed: number;
  readonly least: number;
  readonly most: number;
}

/** Days, and days of a spreadsheet, from 1990 to 2049: no number is both. */
const usual = { days: [7305, 29_220], serial: [32_874, 54_789] } as const;

/**
 * What the numbers of a column stand for, by all of them: packed dates where all are; else what would put them into plausible years,
 * which are 1990 to 2049 for days, from 1973 on for the last of seconds and milliseconds, and not after 2286.
 * Undefined where nothing does, or where some are packed dates and others are not.
 */
export function guessDateNumbers({ count, packed, least, most }: NumbersOfDates): DateNumbers | undefined {
  if (packed > 0) return packed === count ? 'packed' : undefined;
  const size = Math.max(Math.abs(least), Math.abs(most));
  if (size >= 1e11 && size <= 1e13) return 'milliseconds';
  if (size >= 1e8 && size < 1e11) return 'seconds';
  return (['days', 'serial'] as const).find((one) => least >= usual[one][0] && most < usual[one][1]);
}

/** What to do about numbers that could be any date. */
const sayDateNumbers = `Say what they stand for: \`{ type: date, numbers: ${dateNumbers.slice(0, -1).join(' | ')} | ${dateNumbers.at(-1)} }\``;

/**
 * Why it cannot be told what the numbers of a column stand for.
 *
 * @param odd - The first number that is unlike most others, where some are packed dates, and where it stands.
 */
export function whyNoDateNumbers(
  column: string,
  { count, packed, least, most }: NumbersOfDates,
  odd: { readonly row: string; readonly value: number },
): string {
  if (packed === 0) {
    return `column \`${column}\` must hold dates, but its numbers, ${least} to ${most}, could be anything. ${sayDateNumbers}`;
  }
  const mostly = packed * 2 >= count;
  const [alike, other] = mostly ? ['such as 20240131', 'is not'] : ['that are not packed', 'is'];
  return (
    `column \`${column}\` must hold dates of one kind: ${mostly ? packed : count - packed} of ${count} numbers are ${mostly ? 'dates' : 'numbers'} ${alike}, ` +
    `but ${odd.row}, ${odd.value}, ${other} one. ${sayDateNumbers}; or correct them`
  );
}

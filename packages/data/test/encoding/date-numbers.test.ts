import { describe, expect, it } from 'vitest';
import { type DateNumbers, guessDateNumbers, momentOf, packedMoment } from '../../src/encoding/date-numbers.js';
import { encodeRows, learnTable, type RawRow } from '../../src/index.js';

const noon = Date.UTC(2024, 0, 31, 12);

describe('numbers of dates', () => {
  it.each<[DateNumbers, number, number]>([
    ['packed', 20_240_131, noon - 43_200_000],
    ['packed', 20_240_131_120_000, noon],
    // Excel shows 45322.5 as 31 January 2024, 12:00.
    ['serial', 45_322.5, noon],
    ['days', 19_753.5, noon],
    ['seconds', 1_706_702_400, noon],
    ['milliseconds', noon, noon],
  ])('that are %s: %d', (numbers, value, moment) => {
    expect(momentOf(value, numbers)).toBe(moment);
  });

  it('are packed only as the calendar has them', () => {
    for (const none of [20_240_230, 20_241_301, 20_240_100, 17_991_231, 22_010_101, 20_240_131.5, 20_240_131_246_060]) {
      expect(packedMoment(none)).toBeUndefined();
    }
    expect(packedMoment(20_240_229)).toBe(Date.UTC(2024, 1, 29));
  });

  it.each<[string, readonly [least: number, most: number, packed?: number], DateNumbers | undefined]>([
    ['all packed', [20_240_101, 20_241_231, 10], 'packed'],
    ['some packed', [20_240_101, 1.7e12, 9], undefined],
    ['milliseconds from before 1970 on', [-3e11, 1.7e12], 'milliseconds'],
    ['seconds from before 1970 on', [-3e8, 1.7e9], 'seconds'],
    ['days', [8000, 20_000], 'days'],
    ['days of a spreadsheet', [40_000, 45_000.5], 'serial'],
    ['either kind of days', [20_000, 40_000], undefined],
    ['years', [1990, 2024], undefined],
    ['microseconds', [1.6e15, 1.7e15], undefined],
  ])('are found out by all of a column: %s', (_, [least, most, packed = 0], found) => {
    expect(guessDateNumbers({ count: 10, packed, least, most })).toBe(found);
  });
});

describe('a column of dates', () => {
  const learn = (values: readonly unknown[], more = {}) =>
    learnTable(
      values.map((d): RawRow => ({ d })),
      { features: [{ column: 'd', type: 'date', parts: ['trend'], ...more }], labels: [] },
    );

  it('keeps what its numbers stand for, and reads later values so, alone or not', () => {
    const encoding = learn([20_240_101, 20_240_103n, null]);
    expect(encoding.features[0]).toMatchObject({ numbers: 'packed', center: Date.UTC(2024, 0, 2) });
    const rows = [20_240_103, '20240103', '2024-01-03', new Date('2024-01-03')].map((d) => ({ d }));
    const found = Array.from(encodeRows(encoding, rows).inputs.numbers?.data ?? []);
    expect(found.filter((_, place) => place % 2 === 0)).toEqual([1, 1, 1, 1]);
    expect(() => encodeRows(encoding, [{ d: 1_706_702_400_000 }])).toThrow(/1706702400000 is no date such as 20240131/);
  });

  it('of seconds takes what looks like a day for seconds', () => {
    const encoding = learn([1_706_702_399, 1_706_702_401]);
    const { center, scale } = encoding.features[0] as { center: number; scale: number };
    expect([center, scale]).toEqual([noon, 1000]);
    const [value] = encodeRows(encoding, [{ d: 20_240_131 }]).inputs.numbers?.data ?? [];
    expect(value).toBeCloseTo((20_240_131_000 - noon) / 1000, -3);
  });

  it('of milliseconds, or of dates that are no numbers, refuses what looks like a day', () => {
    for (const encoding of [learn([noon, noon + 2]), learn([new Date(noon), '2024-02-01'])]) {
      expect(() => encodeRows(encoding, [{ d: 20_240_131 }])).toThrow(/20240131 looks like a year, a month and a day/);
      expect(encodeRows(encoding, [{ d: noon }]).size).toBe(1);
    }
  });

  it('that mixes days and other numbers is refused with the first that is unlike most', () => {
    expect(() => learn([20_240_101, 20_240_102, 20_240_230, 0])).toThrow(
      /^Column `d` must hold dates of one kind: 2 of 4 numbers are dates such as 20240131, but row 2, 20240230, is not one\. Say what/,
    );
    expect(() => learn([noon, noon, 20_240_102])).toThrow(
      /2 of 3 numbers are .*not packed, but row 2, 20240102, is one/,
    );
    // As `Date.getTime` has them.
    expect(learn([1, 3]).features[0]).toMatchObject({ center: 2 });
    expect(learn([1, 3], { numbers: 'days' }).features[0]).toMatchObject({ center: 2 * 86_400_000 });
  });
});

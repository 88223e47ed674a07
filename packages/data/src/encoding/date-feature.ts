import { requireOption } from '@polytask/core';
import type { FeatureKind } from './feature-kind.js';
import type { DateFeature, DatePart, LearnedDate } from './features.js';
import { constantOf, noValues, treatment } from './missing.js';
import { moments } from './moments.js';
import { readDate } from './raw-values.js';

const day = 86_400_000;
/** The first Monday of 1970 was its fifth day. */
const firstMonday = 4 * day;

/** Dates: where in the year, week and day they lie, $\sin 2\pi f$ and $\cos 2\pi f$ of the fraction $f$, and the trend. */
export const dateFeature: FeatureKind<DateFeature, LearnedDate> = {
  read: readDate,
  takesNumbers: true,
  learner(column, { parts, missing }) {
    const known = ['trend', 'year', 'week', 'day'];
    const valid = parts === undefined || (parts.length > 0 && parts.every((part) => known.includes(part)));
    requireOption(valid, 'parts', `some of ${known.join(', ')}`, parts);
    const constant = constantOf(column, missing, readDate);
    const seen = moments();
    let lacking = false;
    let timeOfDay = false;
    return {
      add(value) {
        if (!Number.isFinite(value)) {
          lacking = true;
          return;
        }
        seen.add(value as number);
        timeOfDay ||= (value as number) % day !== 0;
      },
      learned() {
        if (seen.count() === 0) throw noValues(column);
        return {
          type: 'date',
          column,
          missing: treatment(missing, lacking ? 'indicator' : 'mean'),
          fill: constant ?? 0,
          parts: parts ?? (timeOfDay ? ['year', 'week', 'day'] : ['year', 'week']),
          center: seen.mean(),
          scale: seen.deviation() > 0 ? seen.deviation() : 1,
        };
      },
    };
  },
  size: ({ parts, missing }) => ({
    numbers: parts.reduce((sum, part) => sum + (part === 'trend' ? 1 : 2), missing === 'indicator' ? 1 : 0),
    categories: [],
  }),
  encoder({ parts, missing, fill, center, scale }) {
    return (value, { numbers }, at) => {
      let to = at;
      const there = Number.isFinite(value);
      const date = there ? (value as number) : fill;
      const known = there || missing === 'constant';
      for (const part of parts) {
        if (part === 'trend') numbers[to++] = known ? (date - center) / scale : 0;
        else {
          const angle = 2 * Math.PI * fractionOf(part, date);
          numbers[to++] = known ? Math.sin(angle) : 0;
          numbers[to++] = known ? Math.cos(angle) : 0;
        }
      }
      if (missing === 'indicator') numbers[to] = there ? 0 : 1;
    };
  },
};

/** How much of its year, its week (from Monday on) or its day has passed at a date, in UTC. */
function fractionOf(part: Exclude<DatePart, 'trend'>, date: number): number {
  if (part === 'day') return remainder(date, day) / day;
  if (part === 'week') return remainder(date - firstMonday, 7 * day) / (7 * day);
  const year = new Date(date).getUTCFullYear();
  const start = Date.UTC(year, 0, 1);
  return (date - start) / (Date.UTC(year + 1, 0, 1) - start);
}

function remainder(value: number, length: number): number {
  return ((value % length) + length) % length;
}

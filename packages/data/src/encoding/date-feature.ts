import { requireOption } from '@polytask/core';
import type { FeatureKind } from './feature-kind.js';
import type { DateFeature, DatePart, LearnedDate } from './features.js';
import { constantOf, noValues, treatment } from './missing.js';
import { moments } from './moments.js';
import { float64, type OnnxBuilder } from './onnx-builder.js';
import { isDate, latest, readDate } from './raw-values.js';

const day = 86_400_000;
/** The first Monday of 1970 was its fifth day. */
const firstMonday = 4 * day;
/** 1969 years, of which 477 were leap years. */
const daysBefore1970 = 1969 * 365 + 477;

/** Dates: where in the year, week and day they lie, $\sin 2\pi f$ and $\cos 2\pi f$ of the fraction $f$, and the trend. */
export const dateFeature: FeatureKind<DateFeature, LearnedDate> = {
  read: (value, { numbers }) => readDate(value, numbers),
  // Dates come from a database as milliseconds.
  takesNumbers: ({ numbers }) => numbers === undefined,
  learner(column, { parts, missing, trend = true, numbers }) {
    const known = ['trend', 'year', 'week', 'day'];
    const valid = parts === undefined || (parts.length > 0 && parts.every((part) => known.includes(part)));
    requireOption(valid, 'parts', `some of ${known.join(', ')}`, parts);
    const constant = constantOf(column, missing, (value) => readDate(value, numbers));
    const seen = moments();
    let lacking = false;
    let timeOfDay = false;
    return {
      add(value) {
        if (!isDate(value)) {
          lacking = true;
          return;
        }
        seen.add(value);
        timeOfDay ||= value % day !== 0;
      },
      learned() {
        if (seen.count() === 0) throw noValues(column);
        return {
          type: 'date',
          column,
          missing: treatment(missing, 'indicator', lacking),
          fill: constant ?? 0,
          parts: parts ?? [
            'year',
            'week',
            ...(timeOfDay ? ['day' as const] : []),
            ...(trend ? ['trend' as const] : []),
          ],
          ...(numbers === undefined ? {} : { numbers }),
          center: seen.mean(),
          scale: seen.deviation() > 0 ? seen.deviation() : 1,
          ...(lacking ? {} : { complete: true }),
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
      const there = isDate(value);
      const date = there ? value : fill;
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
  onnxInput: 'float64',
  onnx({ parts, missing, fill, center, scale }, values, graph) {
    const there = graph.atMost(values, latest);
    const date = graph.node('Where', [there, values, fill]);
    const numbers = parts.flatMap((part) => {
      if (part === 'trend') {
        return [graph.node('Div', [graph.node('Sub', [date, center]), scale])];
      }
      const angle = graph.node('Mul', [2 * Math.PI, fractionInOnnx(part, date, graph)]);
      return [graph.node('Sin', [angle]), graph.node('Cos', [angle])];
    });
    const known = missing === 'constant' ? numbers : numbers.map((one) => graph.node('Where', [there, one, 0]));
    const lacking = () => graph.node('Not', [there]);
    return {
      numbers: [...known, ...(missing === 'indicator' ? [lacking()] : [])].map(graph.floatColumn),
      ids: [],
      refused: missing === 'error' ? [lacking()] : [],
    };
  },
};

/** How much of its year, its week (from Monday on) or its day has passed at a date, in UTC. */
function fractionOf(part: Exclude<DatePart, 'trend'>, date: number): number {
  if (part === 'day') return remainder(date, day) / day;
  if (part === 'week') return remainder(date - firstMonday, 7 * day) / (7 * day);
  const year = new Date(date).getUTCFullYear();
  const start = daysBefore(year) * day;
  return (date - start) / (daysBefore(year + 1) * day - start);
}

function remainder(value: number, length: number): number {
  return ((value % length) + length) % length;
}

/** Days from the first of 1970 to the first of a year, by the Gregorian calendar. (`Date.UTC` takes the year 70 for 1970.) */
function daysBefore(year: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  return 365 * before + leapDays - daysBefore1970;
}

/** The same as {@link fractionOf}. */
function fractionInOnnx(part: Exclude<DatePart, 'trend'>, date: string, graph: OnnxBuilder): string {
  const { node } = graph;
  const remainderBy = (value: string, length: number) => {
    const toZero = node('Mod', [value, length], { fmod: { int: 1 } });
    return node('Mod', [node('Add', [toZero, length]), length], { fmod: { int: 1 } });
  };
  if (part === 'day') return node('Div', [remainderBy(date, day), day]);
  if (part === 'week') return node('Div', [remainderBy(node('Sub', [date, firstMonday]), 7 * day), 7 * day]);
  const wholes = (days: string, length: number) => node('Floor', [node('Div', [days, length])]);
  const startOf = (year: string) => {
    const before = node('Sub', [year, 1]);
    const leapDays = node('Add', [
      node('Sub', [wholes(before, 4), wholes(before, 100)]),
      node('Sub', [wholes(before, 400), daysBefore1970]),
    ]);
    return node('Mul', [node('Add', [node('Mul', [before, 365]), leapDays]), day]);
  };
  // By the mean length of a year, which is at most a year off around the turn of one.
  const guess = node('Add', [wholes(date, 365.2425 * day), 1970]);
  const asNumber = (mask: string) => node('Cast', [mask], { to: { int: float64 } });
  const early = asNumber(node('Less', [date, startOf(guess)]));
  const late = asNumber(node('GreaterOrEqual', [date, startOf(node('Add', [guess, 1]))]));
  const year = node('Sub', [node('Add', [guess, late]), early]);
  const start = startOf(year);
  return node('Div', [node('Sub', [date, start]), node('Sub', [startOf(node('Add', [year, 1])), start])]);
}

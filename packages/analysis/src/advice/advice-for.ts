import { type Change, type Condition, type MeasurementName, type Rule, rules } from './rules.js';

/** What was measured of a run. */
export interface Measured {
  readonly values: { readonly [Name in MeasurementName]?: number };
  /** Which tasks a measurement is about. */
  readonly tasks: { readonly [Name in MeasurementName]?: readonly string[] };
  /** By rule, what it changes, where that follows from what was measured. */
  readonly changes?: { readonly [rule: string]: Change };
}

/** What a rule says of a run. */
export interface Advice extends Pick<Rule, 'name' | 'source' | 'confidence'> {
  readonly change?: Change;
  readonly sentence: string;
  /** The measurements that led to it. */
  readonly because: readonly (Condition & { readonly value: number })[];
}

/**
 * What the rules say of what was measured, the most certain first.
 *
 * @param from Default: {@link rules}.
 * @returns A piece of advice for every rule whose conditions all hold; one whose measurements are missing says nothing.
 * @example
 * ```ts
 * import { adviceFor } from '@polytask/analysis';
 *
 * const [first] = adviceFor({ values: { tasks: 3, hurt: 1 }, tasks: { hurt: ['depth'] } });
 * console.log(first?.name, first?.confidence); // => measure-pairs medium
 * ```
 */
export function adviceFor(measured: Measured, from: readonly Rule[] = rules): Advice[] {
  const found = from.flatMap((rule): Advice[] => {
    const because = rule.when.flatMap((condition) => {
      const value = measured.values[condition.measurement];
      return value !== undefined && holds(condition, value) ? [{ ...condition, value }] : [];
    });
    if (because.length < rule.when.length) return [];
    const { name, source, confidence } = rule;
    const change = rule.change === 'measured' ? measured.changes?.[name] : rule.change;
    return [{ name, sentence: fill(rule.says, measured), because, ...(change && { change }), source, confidence }];
  });
  const order = ['high', 'medium', 'low'];
  return found.sort((a, b) => order.indexOf(a.confidence) - order.indexOf(b.confidence));
}

function holds(
  { above = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY }: Condition,
  value: number,
): boolean {
  return value > above && value < below;
}

/** Puts measurements, and the tasks that they are about, in the place of their names. */
function fill(sentence: string, { values, tasks }: Measured): string {
  return sentence.replaceAll(/\{(\w+?)(Tasks|%)?\}/g, (_, name: MeasurementName, as?: string) => {
    if (as === 'Tasks') return inWords(tasks[name] ?? []);
    const value = values[name];
    return as === '%' && value !== undefined ? `${Math.round(100 * value)} %` : numberText(value);
  });
}

function inWords(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function numberText(value: number | undefined): string {
  if (value === undefined) return '–';
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(2)));
}

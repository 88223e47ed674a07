import { isPart, type PartKind } from '../contracts/description.js';
import { nearestWord } from '../errors/nearest-word.js';
import type { OptionTable } from './option.js';
import type { Bounds, Takes } from './takes.js';
import { wordsOf } from './words.js';

/** A value that an option does not take. */
export interface OptionProblem {
  /** Where: `['head', 'left', 'units', 1]`. */
  readonly path: readonly (string | number)[];
  /** What is required there, in words. */
  readonly required: string;
  readonly found: unknown;
  /** Further words, such as the nearest name; may be empty. */
  readonly advice: string;
}

/** Everything that is wrong with options, in the order in which it stands there. */
export function checkOptionTable(
  options: OptionTable,
  given: unknown,
  path: OptionProblem['path'] = [],
): OptionProblem[] {
  if (!isMapping(given)) return [problem(path, `a mapping of options (${Object.keys(options).join(', ')})`, given)];
  const known = Object.keys(options);
  const unknown = Object.keys(given)
    .filter((name) => !Object.hasOwn(options, name) && given[name] !== undefined)
    .map((name) =>
      problem(
        [...path, name],
        `left out: there is no such option (${known.join(', ') || 'none'})`,
        given[name],
        near(name, known),
      ),
    );
  const wrong = Object.entries(options).flatMap(([name, { takes, presence }]) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined) return checkValue(takes, value, [...path, name]);
    return presence === 'required' ? [problem([...path, name], wordsOf(takes), value)] : [];
  });
  return [...unknown, ...wrong];
}

/** What is wrong with a value; nothing where it is taken. */
export function checkValue(takes: Takes, value: unknown, path: OptionProblem['path'] = []): OptionProblem[] {
  const unless = (right: boolean, advice = '') => (right ? [] : [problem(path, wordsOf(takes), value, advice)]);
  const inside = (values: readonly unknown[], of: (index: number) => Takes) =>
    values.flatMap((inner, index) => checkValue(of(index), inner, [...path, index]));
  switch (takes.type) {
    case 'number':
      return unless(isNumberWithin(value, takes) && (!takes.whole || Number.isSafeInteger(value)));
    case 'flag':
      return unless(typeof value === 'boolean');
    case 'text':
      return unless(typeof value === 'string' && value !== '' && (takes.pattern?.test(value) ?? true));
    case 'task':
      return unless(typeof value === 'string' && value !== '');
    case 'choice':
      return unless(takes.values.includes(value as never), near(value, takes.values.map(String)));
    case 'list': {
      const right =
        Array.isArray(value) && value.length >= takes.least && value.length <= (takes.most ?? Number.POSITIVE_INFINITY);
      return right ? inside(value, () => takes.of) : unless(false);
    }
    case 'tuple':
      return Array.isArray(value) && value.length === takes.of.length
        ? inside(value, (index) => takes.of[index] as Takes)
        : unless(false);
    case 'record':
      return isMapping(value)
        ? Object.entries(value).flatMap(([key, inner]) => checkValue(takes.of, inner, [...path, key]))
        : unless(false);
    case 'mapping':
      return isMapping(value) ? checkOptionTable(takes.options, value, path) : unless(false);
    case 'part':
      return unless(
        takes.kinds.some((kind) => isPart(value, kind as PartKind)),
        forgottenCall(value),
      );
    case 'code':
      return unless(takes.is(value));
    case 'lazy':
      return checkValue(takes.of(), value, path);
    case 'either': {
      const tried = takes.of.map((one) => checkValue(one, value, path));
      if (tried.some((problems) => problems.length === 0)) return [];
      // The branch that was meant is one that takes the value itself and minds something within it.
      return tried.find((problems) => problems.every((inner) => inner.path.length > path.length)) ?? unless(false);
    }
  }
}

function problem(path: OptionProblem['path'], required: string, found: unknown, advice = ''): OptionProblem {
  return { path, required, found, advice };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !('kind' in value && 'specVersion' in value)
  );
}

function isNumberWithin(value: unknown, { from, above, to, below }: Bounds): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  const { NEGATIVE_INFINITY: lowest, POSITIVE_INFINITY: highest } = Number;
  return (
    value >= (from ?? lowest) && value > (above ?? lowest) && value <= (to ?? highest) && value < (below ?? highest)
  );
}

function near(word: unknown, known: readonly string[]): string {
  const nearest = typeof word === 'string' ? nearestWord(word, known) : undefined;
  return nearest === undefined ? '' : `Did you mean \`${nearest}\`?`;
}

function forgottenCall(value: unknown): string {
  return typeof value === 'function' ? `Call it: \`${value.name || 'factory'}(...)\`.` : '';
}

import { requireOption } from '../errors/invalid-option-error.js';
import { either, list, text, whole } from '../options/takes.js';

/** An output for each of more classes is no layer of a model that fits anywhere. */
const mostClasses = 2 ** 20;

/** What an option takes that gives either how many classes or labels there are, or what they are called. */
// @__NO_SIDE_EFFECTS__
export function countOrNames(least: number, what: 'class' | 'label') {
  const words = `a whole number from ${least} to ${mostClasses}, or a list of at least ${least} ${what} names`;
  return either(
    [whole({ from: least, to: mostClasses }), list(text(`a ${what} name`), { least, most: mostClasses })],
    words,
  );
}

/**
 * Names of classes or labels from an option of {@link countOrNames}; numbers serve as names where only the number is given.
 *
 * @throws `POLYTASK_INVALID_OPTION` for names that occur twice.
 */
export function classNames(option: string, value: number | readonly string[]): readonly string[] {
  if (typeof value === 'number') return Array.from({ length: value }, (_, index) => String(index));
  requireOption(new Set(value).size === value.length, option, 'names that are all different', value);
  return Object.freeze([...value]);
}

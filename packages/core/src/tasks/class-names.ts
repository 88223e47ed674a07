import { requireOption } from '../errors/invalid-option-error.js';

/** An output for each of more classes is no layer of a model that fits anywhere. */
const mostClasses = 2 ** 24;

/**
 * Names of classes or labels from an option that gives either their number or their names; numbers serve as names where only
 * the number is given.
 *
 * @throws `POLYTASK_INVALID_OPTION` for fewer than `atLeast`, and for names that are empty or occur twice.
 */
export function classNames<Label extends string>(
  option: string,
  value: number | readonly Label[],
  atLeast: number,
): readonly Label[] {
  const count = typeof value === 'number' ? value : Array.isArray(value) ? value.length : Number.NaN;
  requireOption(
    Number.isInteger(count) && count >= atLeast && count <= mostClasses,
    option,
    `a whole number from ${atLeast} to ${mostClasses}, or as many names`,
    value,
  );
  if (typeof value === 'number') return Array.from({ length: value }, (_, index) => String(index) as Label);
  requireOption(
    value.every((name) => typeof name === 'string' && name !== '') && new Set(value).size === count,
    option,
    'names that are not empty and all different',
    value,
  );
  return Object.freeze([...value]);
}

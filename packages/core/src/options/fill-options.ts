import { InvalidOptionError } from '../errors/invalid-option-error.js';
import { checkOptionTable } from './check-value.js';
import type { FilledOptions, OptionTable } from './option.js';

/**
 * Options as a part uses them: checked, and with their defaults.
 *
 * @param options What there is.
 * @param given What a user passed.
 * @throws `POLYTASK_INVALID_OPTION` for the first option that is unknown, missing or not of its type; `option` says which, such as
 * `head.left`.
 */
export function fillOptions<Table extends OptionTable>(options: Table, given: unknown): FilledOptions<Table> {
  const [first] = checkOptionTable(options, given);
  if (first !== undefined) {
    throw new InvalidOptionError(pathWords(first.path), first.required, first.found, first.advice);
  }
  return withDefaults(options, given as Record<string, unknown>) as FilledOptions<Table>;
}

function withDefaults(options: OptionTable, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      const found = Object.hasOwn(given, name) ? given[name] : undefined;
      // Null is a value: an option may take it.
      const value = found === undefined ? option.default : found;
      const inner = option.takes.type === 'mapping' && value !== undefined;
      return [name, inner ? withDefaults((option.takes as { options: OptionTable }).options, value) : value];
    }),
  );
}

/** `head.left.units[1]`. */
function pathWords(path: readonly (string | number)[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}

import type { FilledOptions, Flat, Option, OptionsOf, OptionTable, Taken, Type } from './option-types.js';

export type { FilledOptions, Option, OptionsOf, OptionTable, Taken, Type };

/** An option that must be given. */
// @__NO_SIDE_EFFECTS__
export function required<Value>(takes: Type<Value>, says: string): Option<Value, 'required'> {
  return {
    takes,
    says,
    presence: 'required',
  };
}

/**
 * An option that has a default value.
 *
 * @param source Where the default is from, such as `paper`. Our own choice where it is left out.
 */
// @__NO_SIDE_EFFECTS__
export function withDefault<Value>(
  takes: Type<Value>,
  value: NoInfer<Value>,
  says: string,
  source?: string,
): Option<Value, 'default'> {
  return { takes, says, presence: 'default', default: value, ...(source && { source }) };
}

/** An option that may be left out; `otherwise` says in words what happens then, such as `none` or `the name of the task`. */
// @__NO_SIDE_EFFECTS__
export function optional<Value>(
  takes: Type<Value>,
  says: string,
  otherwise = 'none',
  source?: string,
): Option<Value, 'optional'> {
  return { takes, says, presence: 'optional', otherwise, ...(source && { source }) };
}

/** The options of a table and further ones. */
// @__NO_SIDE_EFFECTS__
export function extend<const Base extends OptionTable, const Own extends OptionTable>(
  base: Base,
  own: Own,
): Flat<Omit<Base, keyof Own> & Own> {
  return { ...base, ...own };
}

import type { Taken, Type } from './takes.js';

/** How an option may be left out. */
export type Presence = 'required' | 'optional' | 'default';

/** An option of a part: what it takes and what it is for, said once. */
export interface Option<Value = unknown, Has extends Presence = Presence> {
  readonly takes: Type<Value>;
  /** One sentence: what it is, and its unit where it has one. */
  readonly says: string;
  readonly presence: Has;
  /** The value where it is left out; under presence `default`. */
  readonly default?: Value;
  /** Under presence `optional`: what happens where it is left out, in words, such as `the name of the task`. */
  readonly otherwise?: string;
  /** Where the default is from: `paper`, `paper, section 4`, `tfjs`. */
  readonly source?: string;
}

/** Options by name. */
export interface OptionTable {
  // biome-ignore lint/suspicious/noExplicitAny: every option has a value type of its own.
  readonly [name: string]: Option<any>;
}

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

type Flat<Shape> = { [Key in keyof Shape]: Shape[Key] };
type ValueOf<Of> = Of extends Option<infer Value, Presence> ? Value : never;
type KeysOf<Table extends OptionTable, Has extends Presence> = {
  [Key in keyof Table]: Table[Key]['presence'] extends Has ? Key : never;
}[keyof Table];

/** What a user passes. */
export type OptionsOf<Table extends OptionTable> = Flat<
  { readonly [Key in KeysOf<Table, 'required'>]: ValueOf<Table[Key]> } & {
    readonly [Key in KeysOf<Table, 'optional' | 'default'>]?: ValueOf<Table[Key]> | undefined;
  }
>;

/** What the maker of a part gets: checked, defaults filled in. */
export type FilledOptions<Table extends OptionTable> = Flat<
  { readonly [Key in KeysOf<Table, 'required' | 'default'>]: ValueOf<Table[Key]> } & {
    readonly [Key in KeysOf<Table, 'optional'>]: ValueOf<Table[Key]> | undefined;
  }
>;

export type { Taken, Type };

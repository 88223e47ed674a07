// What options take and what tables of them are made of; together, since options may hold tables of options.

/** Bounds of a number. */
export interface Bounds {
  readonly from?: number;
  readonly above?: number;
  readonly to?: number;
  readonly below?: number;
}

/** What an option takes, as plain data: run-time checks, messages, YAML and JSON Schema are read from it. */
export type Takes =
  | ({ readonly type: 'number'; readonly whole?: true } & Bounds)
  | { readonly type: 'flag' }
  | { readonly type: 'text'; readonly what: string; readonly pattern?: RegExp }
  | { readonly type: 'choice'; readonly values: readonly (string | number | boolean)[] }
  | {
      readonly type: 'list';
      readonly of: Takes;
      readonly least: number;
      readonly most?: number;
      readonly what?: string;
    }
  | { readonly type: 'tuple'; readonly of: readonly Takes[]; readonly what?: string }
  /** `task`: keys are names of tasks. `name`: any. */
  | { readonly type: 'record'; readonly keys: 'task' | 'name'; readonly of: Takes; readonly what: string }
  | { readonly type: 'mapping'; readonly options: OptionTable; readonly what?: string }
  | { readonly type: 'part'; readonly kinds: readonly string[]; readonly what: string }
  | { readonly type: 'either'; readonly of: readonly Takes[]; readonly what?: string }
  /** Something that only code can say, such as a function. A file can only name a described part of `kind`, where that is given. */
  | { readonly type: 'code'; readonly what: string; readonly is: (value: unknown) => boolean; readonly kind?: string }
  /** The name of a task. */
  | { readonly type: 'task' }
  /** For what contains itself. */
  | { readonly type: 'lazy'; readonly of: () => Takes; readonly what: string };

declare const taken: unique symbol;

/** {@link Takes} together with the TypeScript type of what is taken. */
export type Type<Value> = Takes & { readonly [taken]?: Value };

/** The TypeScript type of what a {@link Type} takes. */
export type Taken<Of> = Of extends { readonly [taken]?: infer Value } ? Exclude<Value, undefined> : never;

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

/** The same shape, written out for editors. */
export type Flat<Shape> = { [Key in keyof Shape]: Shape[Key] };
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

import type { PartKind } from '../contracts/description.js';
import type { PartOf } from '../contracts/parts-by-kind.js';
import type { OptionsOf, OptionTable } from './option.js';

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

const typed = /* @__NO_SIDE_EFFECTS__ */ <Value>(takes: Takes): Type<Value> => takes as Type<Value>;

/** A finite number within bounds. */
export const number = /* @__NO_SIDE_EFFECTS__ */ (bounds: Bounds = {}): Type<number> =>
  typed({ type: 'number', ...bounds });

/** A whole number within bounds. */
export const whole = /* @__NO_SIDE_EFFECTS__ */ (bounds: Bounds = {}): Type<number> =>
  typed({ type: 'number', whole: true, ...bounds });

/** true or false. */
export const flag = /* @__NO_SIDE_EFFECTS__ */ (): Type<boolean> => typed({ type: 'flag' });

/** A text of at least one character; `what` says of what kind, such as `a unit`. */
export const text = /* @__NO_SIDE_EFFECTS__ */ (what = 'a text', pattern?: RegExp): Type<string> =>
  typed({ type: 'text', what, ...(pattern && { pattern }) });

/** One of several values. */
export const choice = /* @__NO_SIDE_EFFECTS__ */ <const Value extends string | number | boolean>(
  ...values: readonly Value[]
): Type<Value> => typed({ type: 'choice', values });

/** A list of at least `least` (default 0) entries. */
export const list = /* @__NO_SIDE_EFFECTS__ */ <Value>(
  of: Type<Value>,
  { least = 0, ...more }: { least?: number; most?: number; what?: string } = {},
): Type<readonly Value[]> => typed({ type: 'list', of, least, ...more });

/** A list with an entry of its own type at every place. */
export const tuple = /* @__NO_SIDE_EFFECTS__ */ <const Of extends readonly Type<unknown>[]>(
  of: Of,
  what?: string,
): Type<{ readonly [Index in keyof Of]: Taken<Of[Index]> }> => typed({ type: 'tuple', of, ...(what && { what }) });

/** Values by the names of tasks; not every task must be there. */
export const byTask = /* @__NO_SIDE_EFFECTS__ */ <Value>(
  of: Type<Value>,
  what: string,
): Type<{ readonly [task: string]: Value }> =>
  typed({ type: 'record', keys: 'task', of, what: `${what} by task name` });

/** Values by names; `what` says which values and names, such as `encoders by the name of their input`. */
export const byName = /* @__NO_SIDE_EFFECTS__ */ <Value>(
  of: Type<Value>,
  what: string,
): Type<{ readonly [name: string]: Value }> => typed({ type: 'record', keys: 'name', of, what });

/** Options within an option. */
export const mapping = /* @__NO_SIDE_EFFECTS__ */ <const Table extends OptionTable>(
  options: Table,
  what?: string,
): Type<OptionsOf<Table>> => typed({ type: 'mapping', options, ...(what && { what }) });

/** A part of one of these kinds. */
export const part = /* @__NO_SIDE_EFFECTS__ */ <const Kind extends PartKind>(
  ...kinds: readonly Kind[]
): Type<PartOf<Kind>> => typed({ type: 'part', kinds, what: kinds.map(partWords).join(' or ') });

/** Whatever one of these takes; the first that fits counts. `what` names all of them in a few words. */
export const either = /* @__NO_SIDE_EFFECTS__ */ <const Of extends readonly Type<unknown>[]>(
  of: Of,
  what?: string,
): Type<Taken<Of[number]>> => typed({ type: 'either', of, ...(what && { what }) });

/**
 * Something that only code can say, such as a function.
 *
 * @param what It in words.
 * @param is Recognises it.
 * @param kind Kind of the described parts that a run file may name instead.
 */
export const code = /* @__NO_SIDE_EFFECTS__ */ <Value>(
  what: string,
  is: (value: unknown) => boolean,
  kind?: string,
): Type<Value> => typed({ type: 'code', what, is, ...(kind && { kind }) });

/** The name of a task. */
export const taskName = /* @__NO_SIDE_EFFECTS__ */ (): Type<string> => typed({ type: 'task' });

/** For types that contain themselves, such as trees. */
export const lazy = /* @__NO_SIDE_EFFECTS__ */ <Value>(of: () => Type<Value>, what: string): Type<Value> =>
  typed({ type: 'lazy', of, what });

/** `an encoder`, `a loss weighting`. */
function partWords(kind: string): string {
  const words = kind === 'sharing' ? 'sharing strategy' : kind.replaceAll('-', ' ');
  return `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;
}

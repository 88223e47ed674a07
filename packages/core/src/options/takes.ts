import type { PartKind } from '../contracts/description.js';
import type { PartOf } from '../contracts/parts-by-kind.js';
import type { Bounds, OptionsOf, OptionTable, Taken, Takes, Type } from './option-types.js';

export type { Bounds, Taken, Takes, Type };

// @__NO_SIDE_EFFECTS__
function typed<Value>(takes: Takes): Type<Value> {
  return takes as Type<Value>;
}

/** A finite number within bounds. */
// @__NO_SIDE_EFFECTS__
export function number(bounds: Bounds = {}): Type<number> {
  return typed({ type: 'number', ...bounds });
}

/** A whole number within bounds. */
// @__NO_SIDE_EFFECTS__
export function whole(bounds: Bounds = {}): Type<number> {
  return typed({ type: 'number', whole: true, ...bounds });
}

/** true or false. */
// @__NO_SIDE_EFFECTS__
export function flag(): Type<boolean> {
  return typed({ type: 'flag' });
}

/** A text of at least one character; `what` says of what kind, such as `a unit`. */
// @__NO_SIDE_EFFECTS__
export function text(what = 'a text', pattern?: RegExp): Type<string> {
  return typed({ type: 'text', what, ...(pattern && { pattern }) });
}

/** One of several values. */
// @__NO_SIDE_EFFECTS__
export function choice<const Value extends string | number | boolean>(...values: readonly Value[]): Type<Value> {
  return typed({ type: 'choice', values });
}

/** A list of at least `least` (default 0) entries. */
// @__NO_SIDE_EFFECTS__
export function list<Value>(
  of: Type<Value>,
  { least = 0, ...more }: { least?: number; most?: number; what?: string } = {},
): Type<readonly Value[]> {
  return typed({ type: 'list', of, least, ...more });
}

/** A list with an entry of its own type at every place. */
// @__NO_SIDE_EFFECTS__
export function tuple<const Of extends readonly Type<unknown>[]>(
  of: Of,
  what?: string,
): Type<{ readonly [Index in keyof Of]: Taken<Of[Index]> }> {
  return typed({ type: 'tuple', of, ...(what && { what }) });
}

/** Values by the names of tasks; not every task must be there. */
// @__NO_SIDE_EFFECTS__
export function byTask<Value>(of: Type<Value>, what: string): Type<{ readonly [task: string]: Value }> {
  return typed({ type: 'record', keys: 'task', of, what: `${what} by task name` });
}

/** Values by names; `what` says which values and names, such as `encoders by the name of their input`. */
// @__NO_SIDE_EFFECTS__
export function byName<Value>(of: Type<Value>, what: string): Type<{ readonly [name: string]: Value }> {
  return typed({ type: 'record', keys: 'name', of, what });
}

/** Options within an option. */
// @__NO_SIDE_EFFECTS__
export function mapping<const Table extends OptionTable>(options: Table, what?: string): Type<OptionsOf<Table>> {
  return typed({ type: 'mapping', options, ...(what && { what }) });
}

/** A part of one of these kinds. */
// @__NO_SIDE_EFFECTS__
export function part<const Kind extends PartKind>(...kinds: readonly Kind[]): Type<PartOf<Kind>> {
  return typed({ type: 'part', kinds, what: kinds.map(partWords).join(' or ') });
}

/** Whatever one of these takes; the first that fits counts. `what` names all of them in a few words. */
// @__NO_SIDE_EFFECTS__
export function either<const Of extends readonly Type<unknown>[]>(of: Of, what?: string): Type<Taken<Of[number]>> {
  return typed({ type: 'either', of, ...(what && { what }) });
}

/**
 * Something that only code can say, such as a function.
 *
 * @param what It in words.
 * @param is Recognises it.
 * @param kind Kind of the described parts that a run file may name instead.
 */
// @__NO_SIDE_EFFECTS__
export function code<Value>(what: string, is: (value: unknown) => boolean, kind?: string): Type<Value> {
  return typed({ type: 'code', what, is, ...(kind && { kind }) });
}

/** The name of a task. */
// @__NO_SIDE_EFFECTS__
export function taskName(): Type<string> {
  return typed({ type: 'task' });
}

/** For types that contain themselves, such as trees. */
// @__NO_SIDE_EFFECTS__
export function lazy<Value>(of: () => Type<Value>, what: string): Type<Value> {
  return typed({ type: 'lazy', of, what });
}

/** `an encoder`, `a loss weighting`. */
function partWords(kind: string): string {
  const words = kind === 'sharing' ? 'sharing strategy' : kind.replaceAll('-', ' ');
  return `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;
}

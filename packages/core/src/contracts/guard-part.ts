import { PolytaskError } from '../errors/polytask-error.js';

/** Whose members are guarded. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
  /** The description, once it is made. */
  readonly description: () => object;
}

/** Not enumerable: a printed error should not show all of the part. */
function partOf({ kind, name, description }: Owner, place: string) {
  return Object.defineProperty({ kind, name, place }, 'description', { value: description() }) as NonNullable<
    PolytaskError['part']
  >;
}

/** An error that is a part's, though core found it: in what its description says. */
export function blaming(error: PolytaskError, part: { readonly kind: string; readonly name: string }): PolytaskError {
  error.part ??= partOf({ kind: part.kind, name: part.name, description: () => part }, 'bind');
  return error;
}

/** Marks descriptions whose members are guarded. The same in every copy of core. */
export const guardMarker: unique symbol = Symbol.for('polytask.guarded') as never;

/**
 * A description whose code says whose it is when it throws: the same where a `define...` helper has made it. One that was written by the
 * contract alone, as a plain object, is guarded now.
 */
export function guarded<Part extends { readonly kind: string; readonly name: string } | undefined>(part: Part): Part {
  if (part === undefined || guardMarker in part || Object.getPrototypeOf(part) !== Object.prototype) return part;
  const owner = { kind: part.kind, name: part.name, description: () => part };
  return Object.freeze({ ...part, ...guardMembers(owner, part as never), [guardMarker]: true }) as Part;
}

/** Members that make something with functions of its own. */
const makers = new Set(['bind', 'stages', 'build', 'start']);

/** Errors that only pass through a part: they come from what core handed to it. */
const passing = new WeakSet<object>();

/**
 * The members of a description, so that whatever their code throws says whose it is: an error that is not a `PolytaskError`
 * becomes `POLYTASK_PART_FAILED` with the part's name and the function, and the original as its cause; a `PolytaskError` stays what
 * it is and gets `part`. What `bind` and other makers give is guarded likewise.
 */
export function guardMembers(owner: Owner, members: { readonly [member: string]: unknown }) {
  return Object.fromEntries(
    Object.entries(members).map(([member, value]) => [
      member,
      typeof value === 'function' ? guardFunction(owner, member, value as AnyFunction) : value,
    ]),
  );
}

type AnyFunction = (...given: unknown[]) => unknown;

/** Functions that core hands to a part; what they throw is not called the part's. */
export function ofCore<Functions extends object>(functions: Functions): Functions {
  const note = (error: unknown): never => {
    if (typeof error === 'object' && error !== null) passing.add(error);
    throw error;
  };
  const noting =
    (run: AnyFunction): AnyFunction =>
    (...given) => {
      try {
        const result = run(...given);
        return result instanceof Promise ? result.catch(note) : result;
      } catch (error) {
        return note(error);
      }
    };
  return Object.fromEntries(
    Object.entries(functions).map(([name, value]) => [name, typeof value === 'function' ? noting(value) : value]),
  ) as Functions;
}

function guardFunction(owner: Owner, member: string, run: AnyFunction, self?: object): AnyFunction {
  const failed = (error: unknown): never => {
    throw explained(error, owner, member);
  };
  return function (this: unknown, ...given) {
    try {
      const result = run.apply(self ?? this, given);
      if (result instanceof Promise) return result.catch(failed);
      return makers.has(member) ? guardInstance(owner, result) : result;
    } catch (error) {
      return failed(error);
    }
  };
}

/** The same members, functions among them that say whose they are; lists of objects are gone through. */
function guardInstance(owner: Owner, instance: unknown): unknown {
  if (Array.isArray(instance)) return instance.map((item) => guardInstance(owner, item));
  if (typeof instance !== 'object' || instance === null) return instance;
  const guarded = {};
  for (const key of memberNames(instance)) {
    let before: { readonly from: unknown; readonly guarded: unknown } | undefined;
    Object.defineProperty(guarded, key, {
      enumerable: true,
      get() {
        const from = (instance as Record<string, unknown>)[key];
        const isList = Array.isArray(from) && typeof from[0] === 'object';
        if (typeof from !== 'function' && !isList) return from;
        if (before?.from !== from) {
          const made = isList ? guardInstance(owner, from) : guardFunction(owner, key, from as AnyFunction, instance);
          before = { from, guarded: made };
        }
        return before?.guarded;
      },
    });
  }
  return guarded;
}

/** Of an object and, where it is of a class, of that. */
function memberNames(instance: object): Set<string> {
  const names = new Set(Object.keys(instance));
  let from = Object.getPrototypeOf(instance) as object | null;
  while (from !== null && from !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(from)) if (name !== 'constructor') names.add(name);
    from = Object.getPrototypeOf(from) as object | null;
  }
  return names;
}

function explained(error: unknown, owner: Owner, member: string): unknown {
  if (PolytaskError.isInstance(error)) {
    error.part ??= partOf(owner, member);
    return error;
  }
  if (typeof error === 'object' && error !== null && passing.has(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  const failure = new PolytaskError(
    'POLYTASK_PART_FAILED',
    `The ${owner.kind.replaceAll('-', ' ')} \`${owner.name}\` failed in \`${member}\`: ${message}`,
    { cause: error },
  );
  failure.part = partOf(owner, member);
  return failure;
}

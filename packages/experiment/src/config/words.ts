import * as z from 'zod';

// Building blocks of the schema. Each says in words what it expects; a mistake shows them after what was found.

/**
 * The most that a run file may ask for. Each is beyond what a run is made of and within what a computer stands, so that a typing
 * error, or somebody else's file, is refused before any work begins.
 */
export const most = {
  /** Rows, steps, epochs, megabytes. */
  count: 1_000_000_000,
  batch: 2 ** 20,
  /** Numbers beside each other: widths of layers, classes, lengths of vectors. */
  width: 2 ** 16,
  /** Of an image or a window. */
  side: 4096,
  layers: 256,
  tasks: 256,
  threads: 64,
  repeats: 1000,
  /** Columns, files, names. */
  names: 2 ** 14,
} as const;

/** A whole number from `from` on; up to what the message says where `to` is given, else to {@link most}`.count`. */
export function whole(from: number, to?: number): z.ZodNumber {
  const open = `a whole number from ${from}`;
  const limit = `${open} to ${to ?? most.count}`;
  const error = to === undefined ? open : limit;
  return z
    .int({ error })
    .min(from, { error })
    .max(to ?? most.count, { error: limit });
}

/** A seed: any whole number that is not negative. */
export function seed(): z.ZodNumber {
  const error = 'a whole number from 0';
  return z.int({ error }).min(0, { error });
}

/** A finite number above 0. */
export function positive(): z.ZodNumber {
  const error = 'a number above 0';
  return z.number({ error }).positive({ error });
}

/** A finite number that is not negative. */
export function atLeastZero(): z.ZodNumber {
  const error = 'a number from 0';
  return z.number({ error }).min(0, { error });
}

/** A share: at least 0 and below 1. */
export function share(): z.ZodNumber {
  const error = 'a number from 0 to below 1';
  return z.number({ error }).min(0, { error }).lt(1, { error });
}

/** A text of at least one character. */
export function text(what: string): z.ZodString {
  return z.string({ error: what }).min(1, { error: what });
}

/** true or false. */
export function flag(): z.ZodBoolean {
  return z.boolean({ error: 'true or false' });
}

/** A list of at least `least` entries and at most `limit`; `what` says of what. */
export function list<Item extends z.ZodType>(
  item: Item,
  what: string,
  least = 0,
  limit: number = most.names,
): z.ZodArray<Item> {
  const error = `a list of ${what}${least === 0 ? '' : `, at least ${least === 1 ? 'one' : least}`}`;
  return z
    .array(item, { error })
    .min(least, { error })
    .max(limit, { error: `a list of at most ${limit} ${what}` });
}

/** Widths of layers. */
export function widths(least = 0): z.ZodArray<z.ZodNumber> {
  return list(whole(1, most.width), 'whole numbers from 1', least, most.layers);
}

/** A mapping from names that the user chooses; `what` says to what. */
export function byName<Key extends z.ZodString, Value extends z.ZodType>(
  key: Key,
  value: Value,
  what: string,
  limit: number = most.names,
): z.ZodRecord<Key, Value> {
  return z
    .record(key, value, { error: what })
    .refine((found) => Object.keys(found).length <= limit, { error: `${what}, at most ${limit}` })
    .meta({ maxProperties: limit });
}

/** A mapping with these keys and no others. */
export function mapping<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  what = 'a mapping',
): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? what : undefined) });
}

/** What comes after `use` for parts that are not ours. */
export const elsewhere = '"<package>#<export>"';

const thirdPartyName = z
  .string({ error: `a name or ${elsewhere}` })
  .regex(/^[^#\s]+#[\w$]+$/, { abort: true, error: elsewhere });

/** A part from another package, or from a file beside the configuration; every other key is one of its options. */
export function thirdParty<Key extends string>(key: Key) {
  const name = thirdPartyName.describe(
    'Package and export, such as "@acme/tempered#tempered", or a file and an export, such as "./tempered.mjs#tempered".',
  );
  return z.looseObject({ [key]: name } as Record<Key, typeof name>);
}

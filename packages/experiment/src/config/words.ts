import * as z from 'zod';

// Building blocks of the schema. Each says in words what it expects; a mistake shows them after what was found.

/** A whole number from `from` on, up to `to` where that is given. */
export function whole(from: number, to?: number): z.ZodNumber {
  const error = to === undefined ? `a whole number from ${from}` : `a whole number from ${from} to ${to}`;
  const least = z.int({ error }).min(from, { error });
  return to === undefined ? least : least.max(to, { error });
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

/** A list of at least `least` entries; `what` says of what. */
export function list<Item extends z.ZodType>(item: Item, what: string, least = 0): z.ZodArray<Item> {
  const error = `a list of ${what}${least === 0 ? '' : `, at least ${least === 1 ? 'one' : least}`}`;
  return z.array(item, { error }).min(least, { error });
}

/** Widths of layers. */
export function widths(least = 0): z.ZodArray<z.ZodNumber> {
  return list(whole(1), 'whole numbers from 1', least);
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

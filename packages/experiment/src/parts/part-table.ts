import type { PartKind } from '@polytask/core';
import type { LabelOptions, SplitOptions, VectorLabel } from '@polytask/data';
import * as z from 'zod';
import type { CodePlaces } from '../code/code-places.js';
import { mapping, thirdParty } from '../config/words.js';

/** What making a part may depend on besides its options. */
export interface BuildContext {
  /** The folder of the configuration file: relative paths in it start there. */
  readonly folder: string;
  /** From where parts of others may be loaded. Default: from nowhere. */
  readonly code?: CodePlaces;
  /** Steps that training takes at most; known once the data are. */
  readonly totalSteps?: number;
  /** For data: stops reading them at once. */
  readonly signal?: AbortSignal;
  /** For data: the labels that the tasks need, and how rows are divided. */
  readonly labels?: readonly (LabelOptions | VectorLabel)[];
  readonly split?: SplitOptions;
  /** For data: the label column of every task. */
  readonly columns?: { readonly [task: string]: string };
}

/** A part that has a short name: its options, and how it is made of them. */
export interface OwnPart {
  /** Accepts the options together with the key that names the part. */
  readonly schema: z.ZodObject;
  /** Options whose keys are names of the user's, so that a `use` in them names no part. */
  readonly plain?: readonly string[];
  /** Options are valid, and parts within them have been made. */
  make(options: never, context: BuildContext): unknown;
}

/** Parts of one room by their short names. */
export interface PartTable {
  /** Which key of a mapping names the part. */
  readonly key: 'use' | 'type';
  /** What these parts are for people: `encoder`, `optimizer`. */
  readonly role: string;
  /** Kinds of parts that may stand where these stand; none where the contract is not one of core's. */
  readonly kinds: readonly PartKind[];
  readonly parts: ReadonlyMap<string, OwnPart>;
}

/** One row of a table: a part by its options. `describe` is shown by editors. */
export function ownPart<Shape extends z.core.$ZodLooseShape>(
  describe: string,
  shape: Shape,
  make: (options: z.output<z.ZodObject<Shape>>, context: BuildContext) => unknown,
  plain: readonly (keyof Shape & string)[] = [],
): { describe: string; shape: Shape; make: typeof make; plain: readonly string[] } {
  return { describe, shape, make, plain };
}

/** Makes a table of {@link ownPart}s, each under its short name. */
export function partTable(
  role: string,
  kinds: readonly PartKind[],
  // biome-ignore lint/suspicious/noExplicitAny: rows differ in the types of their options.
  rows: Readonly<Record<string, Omit<ReturnType<typeof ownPart<any>>, 'make'> & { make: (...args: any) => unknown }>>,
  key: 'use' | 'type' = 'use',
): PartTable {
  const parts = Object.entries(rows).map(([name, { describe, shape, make, plain }]): [string, OwnPart] => {
    const schema = mapping({ [key]: z.literal(name), ...shape }).describe(describe);
    return [name, { schema: schema as unknown as z.ZodObject, plain, make }];
  });
  return { key, role, kinds, parts: new Map(parts) };
}

/**
 * The schema of a place where one of these parts, or a third party's, is to be named. Its output type is what stands there in
 * the end: parts are made from the inside out, so that `make` finds finished parts in its options.
 */
export function partSchema<Made>(table: PartTable, id: string): z.ZodType<Made> {
  const { key } = table;
  const [first, ...others] = [...table.parts.values()].map(({ schema }) => schema);
  const own = z.discriminatedUnion(key, [first as z.ZodObject, ...others]);
  const union = z.union([own, thirdParty(key)]);
  return union.meta({ id, description: `The ${table.role}, by its short name or from a package of its own.` }) as never;
}

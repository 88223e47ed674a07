import { listNames, type PartDescription } from '@polytask/core';
import type { LabelOptions, SplitOptions, TableEncoding, VectorLabel } from '@polytask/data';
import * as z from 'zod';
import type { CodePlaces } from '../code/code-places.js';
import { mapping, thirdParty } from '../config/words.js';
import { type PartPlace, shapeOf } from './schema-of.js';

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
  /** For data: files of rows for each part, as the configuration names them. */
  readonly files?: { readonly [Part in 'training' | 'validation' | 'test']?: string | readonly string[] };
  /** For data: how features are encoded, where an earlier run says it. */
  readonly encoding?: TableEncoding;
  /** For data: the label column of every task. */
  readonly columns?: { readonly [task: string]: string };
}

/** Where parts of some kinds stand in a run file. */
export interface PartSlot {
  /** Which key of a mapping names the part. */
  readonly key: 'use' | 'type';
  /** What these parts are for people: `encoder`, `optimizer`. */
  readonly role: string;
  /** Kinds of parts that may stand there. */
  readonly kinds: readonly string[];
  /** Where in a run file, for people: `sharing: { use }`. */
  readonly place: string;
  /** The place's own name in the JSON Schema. */
  readonly id: string;
}

/** A slot and the parts that may stand there, by their short names. */
export interface PartTable extends PartSlot {
  readonly parts: ReadonlyMap<string, PartDescription>;
}

/** The schema of a mapping that names a part and gives its options. */
export function partSchema(part: PartDescription, name: string, key: 'use' | 'type', place: PartPlace): z.ZodObject {
  const shape = { [key]: z.literal(name), ...shapeOf(part.options, place) };
  return mapping(shape).describe(part.summary) as unknown as z.ZodObject;
}

/**
 * The schema of a place where one of these parts, or a third party's, is to be named. Its output type is what stands there in
 * the end: parts are made from the inside out, so that factories find finished parts in their options.
 */
export function slotSchema<Made>({ key, role, id, parts }: PartTable, place: PartPlace): z.ZodType<Made> {
  const [first, ...others] = [...parts].map(([name, part]) => partSchema(part, name, key, place));
  const own = first === undefined ? [] : [z.discriminatedUnion(key, [first, ...others])];
  const names = listNames([...parts.keys()], { plain: true });
  const union = z.union([...own, thirdParty(key)], {
    error: `${withArticle(role)}: a mapping with \`${key}\`, one of ${names}`,
  });
  return union.meta({ id, description: `The ${role}, by its short name or from a package of its own.` }) as never;
}

const withArticle = (noun: string) => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;

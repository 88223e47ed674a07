import { type OptionTable, type Takes, wordsOf } from '@polytask/core';
import * as z from 'zod';
import { byName, mapping, most } from '../config/words.js';

/** The schema of a place where a part of one of these kinds stands. */
export type PartPlace = (kinds: readonly string[]) => z.ZodType;

/** The shape of a mapping of options, for zod: what a file may say. Options that only code can give are left out. */
export function shapeOf(options: OptionTable, place: PartPlace): Record<string, z.ZodType> {
  const entries = Object.entries(options).flatMap(([name, option]) => {
    const schema = schemaOf(option.takes, place);
    if (schema === undefined) return [];
    const facts = { description: sentenceOf(option), ...(option.default !== undefined && { default: option.default }) };
    const described = (option.presence === 'required' ? schema : schema.exactOptional()).meta(facts);
    return [[name, described] as const];
  });
  return Object.fromEntries(entries);
}

/** What an option is for and what holds where it is left out, in one line: editors show it. */
function sentenceOf(option: OptionTable[string]): string {
  const value = defaultWords(option);
  const { says, source } = option;
  return value === undefined ? says : `${says} Default: ${value}${source === undefined ? '' : ` (${source})`}.`;
}

/** What holds where an option is left out, in words; undefined where nothing is said. */
export function defaultWords({ default: standard, otherwise }: OptionTable[string]): string | undefined {
  if (standard === undefined) return otherwise;
  return typeof standard === 'string' ? standard : JSON.stringify(standard);
}

/** Schemas of types that contain themselves are made once, so that JSON Schema can refer to them. */
const recursive = new WeakMap<object, z.ZodType>();

/** The schema of what an option takes; undefined where a file cannot say it. */
function schemaOf(takes: Takes, place: PartPlace): z.ZodType | undefined {
  const error = wordsOf(takes);
  switch (takes.type) {
    case 'number':
      return numberSchema(takes, error);
    case 'flag':
      return z.boolean({ error });
    case 'text':
      return takes.pattern === undefined
        ? z.string({ error }).min(1, { error })
        : z.string({ error }).regex(takes.pattern, { error });
    case 'task':
      return z.string({ error }).min(1, { error });
    case 'choice':
      return takes.values.every((value) => typeof value === 'string')
        ? z.enum(takes.values as readonly string[] as [string, ...string[]])
        : z.literal([...takes.values], { error });
    case 'list': {
      // Whole numbers in lists are widths of layers, or lengths.
      const widths = takes.of.type === 'number' && takes.of.whole === true;
      const item = schemaOf(widths ? { to: most.width, ...takes.of } : takes.of, place);
      const limit = takes.most ?? (widths ? most.layers : takes.of.type === 'number' ? most.width : most.names);
      const over = `${error}, at most ${limit}`;
      return item && z.array(item, { error }).min(takes.least, { error }).max(limit, { error: over });
    }
    case 'tuple': {
      const items = takes.of.map((of) => schemaOf(of, place));
      return items.includes(undefined) ? undefined : z.tuple(items as [z.ZodType, ...z.ZodType[]], { error });
    }
    case 'record': {
      const value = schemaOf(takes.of, place);
      return value && byName(z.string().min(1), value, error, takes.keys === 'task' ? most.tasks : most.names);
    }
    case 'mapping':
      return mapping(shapeOf(takes.options, place), error);
    case 'part':
      return z.lazy(() => place(takes.kinds));
    case 'code':
      return takes.kind === undefined ? undefined : z.lazy(() => place([takes.kind as string]));
    case 'lazy': {
      const known = recursive.get(takes) ?? z.lazy(() => schemaOf(takes.of(), place) ?? z.never());
      recursive.set(takes, known);
      return known;
    }
    case 'either': {
      const branches = takes.of.map((of) => schemaOf(of, place)).filter((schema) => schema !== undefined);
      return branches.length < 2 ? branches[0] : z.union(branches, { error });
    }
  }
}

/** What a file asks for has bounds even where a description has none: typing errors and files of others cost nothing then. */
function numberSchema({ whole, from, above, to, below }: Extract<Takes, { type: 'number' }>, error: string): z.ZodType {
  const limit = `${error} to ${most.count}`;
  let schema = whole ? z.int({ error }) : z.number({ error });
  if (from !== undefined) schema = schema.min(from, { error });
  if (above !== undefined) schema = schema.gt(above, { error });
  if (to !== undefined) schema = schema.max(to, { error });
  else if (whole) schema = schema.max(most.count, { error: limit });
  if (below !== undefined) schema = schema.lt(below, { error });
  return schema;
}

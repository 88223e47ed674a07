import type { Citation } from '../contracts/citation.js';
import { type DescriptionInput, definePart, type PartKind } from '../contracts/description.js';
import type { PartOf } from '../contracts/parts-by-kind.js';
import { describeOptions } from './describe-options.js';
import { fillOptions } from './fill-options.js';
import { type KindOptions, kindOptions } from './kind-options.js';
import type { FilledOptions, OptionsOf, OptionTable } from './option.js';
import type { Takes } from './option-types.js';

const marker: unique symbol = Symbol.for('polytask.described') as never;

/** What a place where parts are made from files knows besides their options. */
export interface CreateContext {
  /** Steps that training takes at most, where that is known. */
  readonly totalSteps?: number | undefined;
  /** The folder that relative paths start from. */
  readonly folder?: string | undefined;
}

/** What is known of a part before it is made: everything that checks, files, tables and help are derived from. */
export interface PartDescription {
  readonly kind: string;
  /** As the method is published, in kebab-case; the name in run files. Metrics have their own names, which are keys of the history. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly cites: readonly Citation[];
  readonly options: OptionTable;
  /** Makes the part from one mapping of options, whatever arguments its factory takes. A promise where files are read. */
  create(options: Readonly<Record<string, unknown>>, context?: CreateContext): unknown;
}

/** A factory that carries its {@link PartDescription}; see {@link descriptionOf}. */
export interface Described {
  /** @internal */
  readonly [marker]: PartDescription;
}

/** A factory of parts that takes one mapping of options, which may be left out where no option is required. */
export type PartFactory<Table extends OptionTable, Part> = Described &
  (Record<never, never> extends OptionsOf<Table>
    ? (options?: OptionsOf<Table>) => Part
    : (options: OptionsOf<Table>) => Part);

/** What the author of a factory writes of it, whatever it makes. */
export interface FactoryInput<Table extends OptionTable> {
  /** As the method is published, in kebab-case. */
  readonly name: string;
  /** One sentence for tables and help. */
  readonly summary: string;
  /** Where it was published. The one place for it: references elsewhere are derived. */
  readonly cites?: readonly Citation[];
  readonly options: Table;
}

/** What the author of a part writes. */
export interface PartInput<Kind extends PartKind, Table extends OptionTable> extends FactoryInput<Table> {
  /** The part without what is known already; options are checked and have their defaults. */
  make(
    options: FilledOptions<Table & KindOptions<Kind>>,
  ): Omit<DescriptionInput<PartOf<Kind>>, 'name' | 'cites' | 'options'>;
}

/**
 * A factory of parts, described once: its options are checked as the description says, and run files, their JSON Schema, help,
 * completion and the paper index know the part as soon as its package exports the factory.
 *
 * Options that all parts of the kind have (`scale` of a loss weighting, say) are added; see {@link kindOptions}. Of two with one name, the
 * part's own counts, which may have another default.
 *
 * @param kind Of the parts that are made.
 * @throws The factory: `POLYTASK_INVALID_OPTION`.
 * @example
 * ```ts
 * import { describePart, number, withDefault } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * export const softmaxOfLosses = describePart('loss-weighting', {
 *   name: 'softmax-of-losses',
 *   summary: 'Weights tasks by the softmax of their losses.',
 *   options: { temperature: withDefault(number({ above: 0 }), 1, 'Softness of the weights.') },
 *   make: ({ temperature }) => ({
 *     bind: () => ({
 *       scalarize: (losses) => tf.sum(tf.mul(tf.softmax(tf.div(losses, temperature)), losses)),
 *     }),
 *   }),
 * });
 *
 * softmaxOfLosses({ temperature: 2 }).options; // => { temperature: 2, scale: 'tasks' }
 * ```
 */
// @__NO_SIDE_EFFECTS__
export function describePart<const Kind extends PartKind, const Table extends OptionTable>(
  kind: Kind,
  { options, make, cites = [], ...input }: PartInput<Kind, Table>,
): PartFactory<Table & KindOptions<Kind>, PartOf<Kind>> {
  const common = kindOptions(kind);
  // A part may have another default for a common option than its kind.
  const table = { ...options, ...common, ...options };
  return describeFactory(kind, { ...input, cites, options: table }, (given) => {
    const shared = Object.fromEntries(Object.keys(common).map((key) => [key, (given as never)[key]]));
    const made = make(given as never);
    return definePart(kind, {
      name: input.name,
      cites,
      ...shared,
      ...made,
      options: plainOptions(table, given),
    } as never);
  }) as never;
}

/**
 * A factory of anything that is made from one mapping of options, described once; for parts of kinds that are not core's, and
 * for those that their users name. {@link describePart} is it for parts that have the name of their description.
 *
 * @param make Gets options that are checked and have their defaults.
 * @throws The factory: `POLYTASK_INVALID_OPTION`.
 */
// @__NO_SIDE_EFFECTS__
export function describeFactory<const Table extends OptionTable, Made>(
  kind: string,
  { name, summary, cites = [], options }: FactoryInput<Table>,
  make: (options: FilledOptions<Table>, context: CreateContext) => Made,
): PartFactory<Table, Made> {
  const create = (given: object = {}, context: CreateContext = {}) => make(fillOptions(options, given), context);
  const factory = (given?: object) => create(given);
  Object.defineProperty(factory, 'name', { value: camelCase(name) });
  return described(factory, { kind, name, summary, cites, options, create }) as never;
}

/**
 * A described factory with arguments of its own.
 *
 * @param factory Makes the same from one mapping of options.
 * @param toOptions That mapping, from the arguments.
 */
// @__NO_SIDE_EFFECTS__
export function withArguments<Given extends readonly unknown[], Made>(
  factory: Described & ((options: never) => Made),
  toOptions: (...given: Given) => object,
): Described & ((...given: Given) => Made) {
  const own = (...given: Given) => factory(toOptions(...given) as never);
  Object.defineProperty(own, 'name', { value: factory.name });
  return described(own, factory[marker]);
}

/** Gives a factory with arguments of its own a description. */
// @__NO_SIDE_EFFECTS__
export function described<Factory extends (...args: never[]) => unknown>(
  factory: Factory,
  description: PartDescription,
): Factory & Described {
  return Object.assign(factory, { [marker]: Object.freeze(description) });
}

/** Options as plain data, with defaults, as {@link PartDescription.create} takes them; without what only code can say. */
export function plainOptions(table: OptionTable, options: object): Readonly<Record<string, unknown>> {
  const said = Object.entries(options).filter(([name, value]) => {
    const takes = table[name]?.takes;
    return takes === undefined || !isCode(takes, value);
  });
  return describeOptions(Object.fromEntries(said));
}

/** Whether a value is one that only code can say. */
function isCode(takes: Takes, value: unknown): boolean {
  if (takes.type === 'code') return true;
  return takes.type === 'either' && takes.of.some((one) => one.type === 'code' && one.is(value));
}

/** The description that a factory carries, whichever copy of core gave it; undefined for everything else. */
export function descriptionOf(value: unknown): PartDescription | undefined {
  return typeof value === 'function' && marker in value ? (value as unknown as Described)[marker] : undefined;
}

/** The descriptions of everything that a module exports, by the names of the exports: a package's parts. */
export function describedParts(module: Readonly<Record<string, unknown>>): ReadonlyMap<string, PartDescription> {
  const found = Object.entries(module).flatMap(([key, value]) => {
    const description = descriptionOf(value);
    return description === undefined ? [] : [[key, description] as const];
  });
  return new Map(found);
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

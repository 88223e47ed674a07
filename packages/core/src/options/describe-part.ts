import type { Citation } from '../contracts/citation.js';
import { type Description, type DescriptionInput, definePart, type PartKind } from '../contracts/description.js';
import type { PartOf } from '../contracts/parts-by-kind.js';
import { describeOptions } from '../encoders/describe-options.js';
import { fillOptions } from './fill-options.js';
import { type KindOptions, kindOptions } from './kind-options.js';
import type { FilledOptions, OptionsOf, OptionTable } from './option.js';

const marker: unique symbol = Symbol.for('polytask.described') as never;

/** What is known of a part before it is made: everything that checks, files, tables and help are derived from. */
export interface PartDescription {
  readonly kind: string;
  /** As the method is published, in kebab-case; the name in run files. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly cites: readonly Citation[];
  readonly options: OptionTable;
  /** Makes the part from one mapping of options, whatever arguments its factory takes. */
  create(options: Readonly<Record<string, unknown>>): unknown;
}

/** A factory that carries its {@link PartDescription}; see {@link descriptionOf}. */
export interface Described {
  readonly [marker]: PartDescription;
}

/** A factory of parts that takes one mapping of options, which may be left out where no option is required. */
export type PartFactory<Table extends OptionTable, Part> = Described &
  (Record<never, never> extends OptionsOf<Table>
    ? (options?: OptionsOf<Table>) => Part
    : (options: OptionsOf<Table>) => Part);

/** What the author of a part writes. */
export interface PartInput<Kind extends PartKind, Table extends OptionTable> {
  /** As the method is published, in kebab-case. */
  readonly name: string;
  /** One sentence for tables and help. */
  readonly summary: string;
  /** Where it was published. The one place for it: references elsewhere are derived. */
  readonly cites?: readonly Citation[];
  readonly options: Table;
  /** The part without what is known already; options are checked and have their defaults. */
  make(
    options: FilledOptions<Table & KindOptions<Kind>>,
  ): Omit<DescriptionInput<PartOf<Kind>>, 'name' | 'cites' | 'options'>;
}

/**
 * A factory of parts, described once: its options are checked as the description says, and run files, their JSON Schema, help,
 * completion and the paper index know the part as soon as its package exports the factory.
 *
 * Options that all parts of the kind have (`scale` of a loss weighting, say) are added; see {@link kindOptions}.
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
export function describePart<const Kind extends PartKind, const Table extends OptionTable>(
  kind: Kind,
  { name, summary, cites = [], options, make }: PartInput<Kind, Table>,
): PartFactory<Table & KindOptions<Kind>, PartOf<Kind>> {
  const table = { ...options, ...kindOptions(kind) };
  const create = (given: object = {}) => {
    const filled = fillOptions(table, given) as FilledOptions<Table & KindOptions<Kind>>;
    const common = Object.fromEntries(Object.keys(kindOptions(kind)).map((key) => [key, (filled as never)[key]]));
    const made = { name, cites, ...common, ...make(filled), options: describeOptions(filled) };
    return definePart(kind as never, made as never) as PartOf<Kind>;
  };
  const factory = (given?: object) => create(given);
  Object.defineProperty(factory, 'name', { value: camelCase(name) });
  return described(factory, { kind, name, summary, cites, options: table, create }) as never;
}

/** Gives a factory with arguments of its own a description. */
export function described<Factory extends (...args: never[]) => unknown>(
  factory: Factory,
  description: PartDescription,
): Factory & Described {
  return Object.assign(factory, { [marker]: Object.freeze(description) });
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

export type { Description };

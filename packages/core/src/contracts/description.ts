import { requireFunction, requireOfPart } from './check-description.js';
import type { Citation } from './citation.js';
import { guardMarker, guardMembers } from './guard-part.js';
import type { LoggedNumbers, State } from './tensors.js';

/**
 * Marks every value that core accepts as a part (task, encoder, sharing strategy, ...). `Symbol.for` makes the mark the same
 * in every copy of core, so that parts work across two installed copies; `instanceof` would not.
 */
export const partMarker: unique symbol = Symbol.for('polytask.part') as never;

/** What kinds of parts there are, and the version of each kind's contract that this core speaks. */
export const specVersions = {
  task: 1,
  metric: 1,
  encoder: 1,
  sharing: 1,
  'loss-weighting': 1,
  'gradient-balancing': 1,
  'step-plan': 1,
  auxiliary: 1,
  schedule: 1,
  observer: 1,
  optimizer: 1,
  executor: 1,
} as const;

/** A kind of part. */
export type PartKind = keyof typeof specVersions;

/** The optimizers or balancings that a method was made for. */
export interface MadeFor {
  /** By name, the best first. Default: any. */
  readonly optimizers?: readonly [string, ...string[]] | undefined;
  /** Likewise; one that is wrapped in another counts. */
  readonly balancings?: readonly [string, ...string[]] | undefined;
  /** What would be wrong with others: a sentence. */
  readonly because: string;
}

/** What every part says of itself. Descriptions are immutable and own no tensor; `bind` (or `build`) gives one run's instance. */
export interface Description<Kind extends PartKind = PartKind> {
  readonly kind: Kind;
  /** Version of the kind's contract that the part was written for. */
  readonly specVersion: number;
  /** kebab-case for methods, camelCase for metrics (they are keys of the history); tasks are named by their users. */
  readonly name: string;
  readonly cites: readonly Citation[];
  /** The options the part was made with, as plain data, so that a run can be repeated from JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Optimizers or balancings that the method was made for; with another one a run goes on, and {@link notesOn} says so. Default: any. */
  readonly madeFor?: MadeFor | undefined;
  /** Whether it goes by validation data: without any, `fit` and `polytask check` refuse it before the first step. Default false. */
  readonly needsValidation?: boolean | undefined;
  readonly [partMarker]: true;
}

/** What an author writes: `kind`, `specVersion` and the marker are added by the `define...` helpers. */
export type DescriptionInput<Part extends Description> = Omit<
  Part,
  'kind' | 'specVersion' | 'cites' | 'options' | typeof partMarker
> &
  Partial<Pick<Part, 'cites' | 'options'>>;

/** State that outlives a step. Parts without state leave all of it out. */
export interface Lifecycle<Saved extends State = State> {
  /** Everything needed to continue as if nothing had happened. Registered variables are saved by core and do not belong here. */
  saveState?(): Saved;
  loadState?(state: Saved): void;
  /** Back to the state right after `bind`. */
  reset?(): void;
  /**
   * Numbers worth recording, asked after every step: a temperature, an entropy, a norm. The history keeps their mean per epoch
   * under `<part>/<name>`.
   */
  log?(): LoggedNumbers;
  /** Gives back every tensor that the instance created. Core calls it once. */
  dispose?(): void;
}

/** The functions that core calls of each kind, whatever else there is. */
const functionsOf: { readonly [Kind in PartKind]: readonly string[] } = {
  task: ['loss', 'predict', 'decode'],
  metric: ['start'],
  encoder: ['stages'],
  sharing: ['bind'],
  'loss-weighting': ['bind'],
  'gradient-balancing': ['bind'],
  'step-plan': ['bind'],
  auxiliary: ['bind'],
  schedule: ['bind'],
  observer: ['bind'],
  optimizer: ['factors', 'update'],
  executor: ['open'],
};

/** Adds what is the same for all parts of one kind, checks that it is there, and freezes. Errors: `POLYTASK_BROKEN_PART`. */
export function definePart<Part extends Description>(kind: Part['kind'], part: DescriptionInput<Part>): Part {
  const { name } = part as { name: unknown };
  requireOfPart(typeof name === 'string' && name !== '', kind, name, () => '`name` must be a text that is not empty.');
  requireFunction(kind, part as never, ...(functionsOf[kind] as never[]));
  const owner = { kind, name: name as string, description: () => made };
  const made = Object.freeze({
    cites: [],
    options: {},
    // An executor runs what others have written, so what comes through it is not its own.
    ...(kind === 'executor' ? part : guardMembers(owner, part as never)),
    kind,
    specVersion: specVersions[kind],
    [partMarker]: true,
    [guardMarker]: true,
  }) as unknown as Part;
  return made;
}

/** Whether `value` is a part of the given kind, whichever copy of core made it. */
export function isPart<Kind extends PartKind>(value: unknown, kind: Kind): value is Description<Kind> {
  return (
    typeof value === 'object' && value !== null && partMarker in value && (value as { kind?: unknown }).kind === kind
  );
}

import type * as tf from '@tensorflow/tfjs';
import type { HostTensor } from './tensors.js';

/** Draws initial values; all its randomness comes from `uniform`, a seeded stream of numbers in [0, 1). */
export type Initializer = (shape: readonly number[], uniform: () => number) => Float32Array;

/** How a variable is registered. */
export interface ParameterOptions {
  /** false: a statistic that programs may assign but that no gradient moves (BatchNorm's averages). Default true. */
  readonly trainable?: boolean | undefined;
  /** Parameter group with a learning rate and decay of its own. Default `'model'`; balancing variables use `'balancing'`. */
  readonly group?: string | undefined;
  /**
   * The learning rate that the variable's maker recommends. Default: the optimizer's. Comes after the optimizer's `groups`;
   * its schedule applies.
   */
  readonly learningRate?: number | undefined;
  /** true: a statistic over the rows of a training batch, which is worth nothing where a batch has a single one. Default false. */
  readonly overRows?: boolean | undefined;
}

/** What a scope passes on to what is made in it and below. */
export interface ChildOptions extends Pick<ParameterOptions, 'group' | 'learningRate'> {
  /** Narrows (or replaces) the set of tasks. */
  readonly usedBy?: readonly string[] | undefined;
}

/** A variable that a scope knows. */
export interface ScopeVariable {
  /** Its full path. */
  readonly path: string;
  /** Its path within the scope. */
  readonly name: string;
  readonly variable: tf.Variable;
  readonly trainable: boolean;
}

/**
 * Where variables are made. A scope has a path and the set of tasks that use what is made in it; both end up in the
 * parameter layout, from which "shared", "private" and "partly shared" are derived.
 */
export interface BuildScope {
  /** Structural path, such as `trunk/dense0`. Empty at the root. */
  readonly path: string;
  /** Names of the tasks whose output depends on the variables made here; empty for those of discriminators and balancing. */
  readonly usedBy: readonly string[];
  /** Names of all tasks. */
  readonly tasks: readonly string[];
  /** A scope one level down. */
  child(name: string, options?: ChildOptions): BuildScope;
  /** Makes a variable at `path/name`. Use it in the forward pass like any tensor. Core owns and disposes of it. */
  variable(name: string, shape: readonly number[], initial: Initializer, options?: ParameterOptions): tf.Variable;
  /**
   * Registers a variable that was made elsewhere (a `tf.LayersModel`'s weights). Its maker goes on owning it, unless `owned`
   * hands it over to core, which then disposes of it with the model.
   */
  adopt(name: string, variable: tf.Variable, options?: ParameterOptions & { readonly owned?: boolean }): void;
  /** Variables made here and below so far, in order of creation: for penalties on the layers that others have built. */
  variables(): readonly ScopeVariable[];
  /** A seeded stream for this scope's path; for what is neither a variable nor drawn at every step. */
  uniform(name: string): () => number;
}

/** One variable's place in the flat store. */
export interface Segment {
  readonly path: string;
  /** The path without its last part: the layer. */
  readonly layer: string;
  readonly group: string;
  /** See {@link ParameterOptions.learningRate}. */
  readonly learningRate?: number | undefined;
  /** See {@link ParameterOptions.overRows}; left out where it is false. */
  readonly overRows?: true;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
  readonly usedBy: readonly string[];
  readonly variable: tf.Variable;
}

/** A run of neighbouring segments that move together: same tasks, same group, same learning rate. */
export interface SegmentRange {
  readonly usedBy: readonly string[];
  readonly group: string;
  readonly learningRate?: number | undefined;
  readonly offset: number;
  readonly size: number;
}

/**
 * How all variables lie in the flat store: first what all tasks share, then what some share, then each task's own in task
 * order, then what no task uses (discriminators, balancing variables).
 */
export interface ParameterLayout {
  readonly tasks: readonly string[];
  /** Trainable variables. */
  readonly segments: readonly Segment[];
  /** Non-trainable variables (BatchNorm statistics), in a vector of their own with offsets of its own. */
  readonly stateSegments: readonly Segment[];
  /** Numbers in the trainable vector, P in formulas. */
  readonly size: number;
  readonly stateSize: number;
  /** The leading part of the vector: what more than one task uses (with a single task: all that it uses). */
  readonly sharedSize: number;
  readonly ranges: readonly SegmentRange[];
}

/** Reads parameters on the host, between programs. Several reads cost one transfer where they are handed out for one moment. */
export interface ParameterReader {
  readonly layout: ParameterLayout;
  /** The variable at `path`. Errors: `POLYTASK_UNKNOWN_NAME` with the nearest path. */
  read(path: string): Promise<HostTensor>;
}

import type * as tf from '@tensorflow/tfjs';
import type { TaskRoles } from '../contracts/loss-weighting.js';
import type { BuildScope } from '../contracts/parameters.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { uniformStream } from '../random/uniform-stream.js';
import { createRootScope, type Registry } from './build-scope.js';

/** A root scope outside a trainer, and what has been made in it. */
export interface OpenScope {
  readonly scope: BuildScope;
  /** What strategies are bound to besides: no primary task, no groups, and random streams of the seed. */
  readonly bindings: TaskRoles & { uniform(step: number): () => number };
  /** All variables, in order of creation. */
  readonly registered: readonly {
    readonly path: string;
    readonly variable: tf.Variable;
    readonly trainable: boolean;
    /** Names of the tasks that use it. */
    readonly usedBy: readonly string[];
  }[];
  /** The variable at a path. Errors: `POLYTASK_UNKNOWN_NAME` with the nearest path. */
  variable(path: string): tf.Variable;
  /** Names of the tasks that use it. */
  usedBy(path: string): readonly string[];
  /** Disposes of all variables that core would own. */
  dispose(): void;
}

/**
 * Core's own build scope outside a trainer: for layers and encoders in a training loop of one's own, and for tests of parts.
 *
 * @param tasks - Names of all tasks.
 * @param seed - Default 1; same seed, same initial values.
 * @example
 * ```ts
 * import { buildDense, openScope } from '@polytask/core';
 *
 * const { scope, registered, dispose } = openScope(['a', 'b']);
 * buildDense(scope.child('trunk'), { shape: [3], dtype: 'float32' }, 4);
 * console.log(registered.map(({ path }) => path)); // => [ 'trunk/kernel', 'trunk/bias' ]
 * dispose();
 * ```
 */
export function openScope(tasks: readonly string[], seed = 1): OpenScope {
  const registry: Registry = [];
  const at = (path: string) => {
    const found = registry.find((one) => one.path === path);
    if (found !== undefined) return found;
    throw new UnknownNameError(
      'variable',
      path,
      registry.map((one) => one.path),
    );
  };
  return {
    scope: createRootScope(tasks, seed, registry),
    bindings: { primary: undefined, groups: {}, uniform: (step) => uniformStream(seed, 'open', step) },
    registered: registry,
    variable: (path) => at(path).variable,
    usedBy: (path) => at(path).usedBy,
    dispose() {
      for (const { variable, owned } of registry) if (owned) variable.dispose();
    },
  };
}

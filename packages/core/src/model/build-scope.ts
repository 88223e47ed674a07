import * as tf from '@tensorflow/tfjs';
import type { BuildScope, Initializer, ParameterOptions } from '../contracts/parameters.js';
import { sizeOf } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { uniformStream } from '../random/uniform-stream.js';

/** A variable as it was registered, before the layout gives it a place. */
export interface Registration {
  readonly path: string;
  readonly variable: tf.Variable;
  readonly trainable: boolean;
  readonly group: string;
  readonly learningRate: number | undefined;
  readonly overRows?: true;
  readonly usedBy: readonly string[];
  /** false for adopted variables that their maker disposes of. */
  readonly owned: boolean;
}

/** All registrations of one model, in order of creation. */
export type Registry = Registration[];

/**
 * The root scope of a model. Variables made in it and below are added to `registry`; their initial values come from the seed
 * and their path alone, so that adding a layer somewhere changes no other layer's start.
 *
 * @param limit - How many numbers all variables may have; nothing is allocated for one that goes beyond.
 */
export function createRootScope(
  tasks: readonly string[],
  seed: number,
  registry: Registry,
  limit = Number.POSITIVE_INFINITY,
): BuildScope {
  return scopeAt('', tasks, tasks, { group: 'model' }, seed, registry, limit);
}

/** A scope of the same model whose variables belong to `group` unless they say otherwise. */
export function createGroupScope(
  path: string,
  tasks: readonly string[],
  group: string,
  seed: number,
  registry: Registry,
  limit = Number.POSITIVE_INFINITY,
): BuildScope {
  return scopeAt(path, tasks, [], { group }, seed, registry, limit);
}

function scopeAt(
  path: string,
  tasks: readonly string[],
  usedBy: readonly string[],
  defaults: { readonly group: string; readonly learningRate?: number | undefined },
  seed: number,
  registry: Registry,
  limit: number,
): BuildScope {
  const join = (name: string) => (path === '' ? name : `${path}/${name}`);

  function register(name: string, variable: tf.Variable, owned: boolean, options: ParameterOptions): void {
    const registration = {
      path: join(name),
      variable,
      trainable: options.trainable ?? true,
      group: options.group ?? defaults.group,
      learningRate: options.learningRate ?? defaults.learningRate,
      usedBy,
      owned,
      ...(options.overRows === true && { overRows: true as const }),
    };
    const refuse = (code: string, message: string): never => {
      if (owned) variable.dispose();
      throw new PolytaskError(code, message);
    };
    if (registry.some((other) => other.path === registration.path)) {
      const advice = "Give each layer a scope of its own: `scope.child('name')`.";
      refuse('POLYTASK_DUPLICATE_PARAMETER', `A variable named \`${registration.path}\` exists already. ${advice}`);
    }
    if (variable.dtype !== 'float32') {
      const found = `\`${registration.path}\` is ${variable.dtype}`;
      refuse('POLYTASK_PARAMETER_DTYPE', `Variables must be float32, but ${found}.`);
    }
    registry.push(registration);
  }

  return {
    path,
    usedBy,
    tasks,
    child(name, options = {}) {
      for (const task of options.usedBy ?? [])
        if (!tasks.includes(task)) throw new UnknownNameError('task', task, tasks);
      // Task order, whatever order the caller used: the layout compares these lists.
      const narrowed = options.usedBy === undefined ? usedBy : tasks.filter((task) => options.usedBy?.includes(task));
      const { group = defaults.group, learningRate = defaults.learningRate } = options;
      return scopeAt(join(name), tasks, narrowed, { group, learningRate }, seed, registry, limit);
    },
    variables() {
      const below = join('');
      return registry
        .filter((one) => one.path.startsWith(below))
        .map(({ path: full, variable, trainable }) => ({
          path: full,
          name: full.slice(below.length),
          variable,
          trainable,
        }));
    },
    variable(name: string, shape: readonly number[], initial: Initializer, options: ParameterOptions = {}) {
      requireRoom(join(name), shape, registry, limit);
      const values = initial(shape, uniformStream(seed, 'initial', join(name)));
      const start = tf.tensor(values, [...shape], 'float32');
      const variable = tf.variable(start, options.trainable ?? true);
      start.dispose();
      register(name, variable, true, options);
      return variable;
    },
    adopt(name, variable, options = {}) {
      register(name, variable, options.owned ?? false, options);
    },
    uniform(name) {
      return uniformStream(seed, 'build', join(name));
    },
  };
}

/** Parameters are one flat vector, and backends address at most this many bytes. */
const largestModel = 2 ** 30;

/** Every variable costs some work of its own, when programs are recorded above all; models of thousands are not meant. */
const mostVariables = 2 ** 13;

function requireRoom(path: string, shape: readonly number[], registry: Registry, limit: number): void {
  const taken = registry.reduce((sum, { variable }) => sum + variable.size, 0);
  const wanted = taken + sizeOf(shape);
  if (wanted > limit) {
    throw new PolytaskError(
      'POLYTASK_CHECKPOINT',
      `This checkpoint is of a far smaller model than it says: \`${path}\` would be [${shape.join(', ')}]. ` +
        'Use an earlier checkpoint.',
    );
  }
  if (registry.length >= mostVariables) {
    throw new PolytaskError(
      'POLYTASK_MODEL_TOO_LARGE',
      `A model must have at most ${mostVariables} variables, but with \`${path}\` it would have one more. ` +
        'Give the encoder or the heads fewer layers.',
    );
  }
  if (wanted > largestModel) {
    throw new PolytaskError(
      'POLYTASK_MODEL_TOO_LARGE',
      `All variables of a model must be at most ${largestModel} numbers (4 GiB), but with \`${path}\` of shape [${shape.join(', ')}] ` +
        `they would be ${wanted}. Make the encoder or the heads smaller.`,
    );
  }
}

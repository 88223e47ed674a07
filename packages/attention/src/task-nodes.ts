import {
  type BuildScope,
  buildEncoder,
  type Encoder,
  type InputSpec,
  mlp,
  optional,
  part,
  ShapeMismatchError,
  type StepContext,
  unstack,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** The option `branch` of strategies in which tasks exchange features of their own. */
export const branchOption = optional(
  part('encoder'),
  'Layers of each task between the trunk and the exchange; its features are what is exchanged.',
  'one dense layer as wide as the features',
);

/** Features of all tasks, which may look at one another. */
export interface TaskNodes {
  /** What one row of a task's features looks like. */
  readonly output: InputSpec;
  /** Width of a node. */
  readonly width: number;
  /** A trunk's features by task `[rows, ...]` → nodes `[rows · positions, K, width]`. */
  apply(features: { readonly [task: string]: tf.Tensor }, step: StepContext): tf.Tensor;
  /** The other way: `[rows · positions, K, w]` → by task `[rows, ...positions, w]`. */
  split(nodes: tf.Tensor): { [task: string]: tf.Tensor };
}

/**
 * A branch of each task at `branches/<task>`, whose features become nodes, side by side; of maps every position has
 * nodes of its own.
 *
 * @param usedBy Which tasks a task's node reaches.
 */
export function buildTaskNodes(
  scope: BuildScope,
  tasks: readonly string[],
  features: InputSpec,
  branch: Encoder | undefined,
  usedBy: (task: string) => readonly string[],
): TaskNodes {
  const encoder = branch ?? mlp([features.shape.at(-1) ?? 1], { flatten: features.shape.length === 0 });
  const branches = tasks.map((task) => {
    const place = scope.child('branches').child(task, { usedBy: usedBy(task) });
    return [task, buildEncoder(encoder, place, { features })] as const;
  });
  const output = branches[0]?.[1].output as InputSpec;
  const [positions, width] = [output.shape.slice(0, -1), output.shape.at(-1) as number];
  return {
    output,
    width,
    apply(given, step) {
      const found = branches.map(([task, built]) => built.apply({ features: given[task] as tf.Tensor }, step));
      requireSameRows(tasks, found);
      return tf.stack(
        found.map((one) => tf.reshape(one, [-1, width])),
        1,
      );
    },
    split(nodes) {
      const parts = unstack(nodes, 1).map((one) => tf.reshape(one, [-1, ...positions, one.shape[1] as number]));
      return Object.fromEntries(tasks.map((task, k) => [task, parts[k] as tf.Tensor]));
    },
  };
}

/** Tasks may have data sets of their own, whose rows have nothing to do with one another. */
export function requireSameRows(tasks: readonly string[], features: readonly tf.Tensor[]): void {
  const [first] = features;
  const other = features.findIndex((one) => one.shape[0] !== first?.shape[0]);
  if (other < 0) return;
  const { shape = [] } = features[other] ?? {};
  throw new ShapeMismatchError(
    `Features of task \`${tasks[other]}\`, which meet those of \`${tasks[0]}\`,`,
    [first?.shape[0] ?? null, ...shape.slice(1)],
    shape,
    'Tasks that take of one another need the same rows: give all tasks the same inputs.',
  );
}

import {
  either,
  lazy,
  list,
  mapping,
  PolytaskError,
  required,
  type Type,
  taskName,
  UnknownNameError,
  whole,
} from '@polytask/core';

/**
 * Tasks that go some stages of an encoder together and then part. A branch that is a task's name stands for all stages that
 * remain, for that task alone (none, if the stages above add up to the whole encoder).
 *
 * @example
 * ```ts
 * import type { Branch } from '@polytask/hard-sharing';
 *
 * // a, b and c share the first stage; a and b share the second too; c has a second of its own.
 * const tree: Branch = { stages: 1, branches: [{ stages: 1, branches: ['a', 'b'] }, 'c'] };
 * ```
 */
export interface Branch {
  /** How many stages the tasks below have in common, counted from where the parent ends. */
  readonly stages: number;
  /** Where they part: task names, and groups that stay together for longer. */
  readonly branches: readonly (Branch | string)[];
}

/** What an option that is a {@link Branch} takes. */
export const branch: Type<Branch> = mapping(
  {
    stages: required(whole({ from: 0 }), 'How many stages of the encoder the tasks below have in common.'),
    branches: required(
      list(
        lazy((): Type<Branch | string> => either([taskName(), branch]), 'a branch'),
        {
          least: 1,
          what: 'a list of task names and of { stages, branches }, at least one',
        },
      ),
      'Task names, and groups that part later.',
    ),
  },
  '{ stages, branches }',
);

/** Names of the tasks below a node, in the order of the tree. */
export function tasksBelow(tree: Branch | string): readonly string[] {
  return typeof tree === 'string' ? [tree] : tree.branches.flatMap(tasksBelow);
}

/**
 * Throws unless the tree holds every task exactly once and is no deeper than the encoder: `POLYTASK_BRANCH_TREE`, and
 * `POLYTASK_UNKNOWN_NAME` for tasks that do not exist.
 */
export function requireFit(tree: Branch, tasks: readonly string[], stages: readonly string[]): void {
  const found = tasksBelow(tree);
  for (const name of found) if (!tasks.includes(name)) throw new UnknownNameError('task', name, tasks, 'tree');
  const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  const twice = tasks.filter((task) => found.filter((name) => name === task).length > 1);
  const missing = tasks.filter((task) => !found.includes(task));
  if (twice.length > 0 || missing.length > 0) {
    throw new PolytaskError(
      'POLYTASK_BRANCH_TREE',
      'The tree must hold every task exactly once, but ' +
        [twice.length > 0 && `holds ${list(twice)} more than once`, missing.length > 0 && `lacks ${list(missing)}`]
          .filter(Boolean)
          .join(' and ') +
        '.',
      { option: 'tree' },
    );
  }
  const depth = (node: Branch | string): number =>
    typeof node === 'string' ? 0 : node.stages + Math.max(...node.branches.map(depth));
  if (depth(tree) > stages.length) {
    throw new PolytaskError(
      'POLYTASK_BRANCH_TREE',
      `The tree goes ${depth(tree)} stages deep, but the encoder has ${stages.length}: ${list(stages)}. ` +
        'Lower `stages` in the tree, or use a deeper encoder.',
      { option: 'tree' },
    );
  }
}

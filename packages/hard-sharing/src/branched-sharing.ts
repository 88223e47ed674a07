import {
  type BoundSharing,
  type BuiltStages,
  buildHead,
  buildStages,
  buildTaskInputs,
  describePart,
  headBodies,
  type InputSpec,
  type InputSpecs,
  type NamedTensors,
  type OptionsOf,
  part,
  required,
  type SharingContext,
} from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';
import { type Branch, branch, requireFit, tasksBelow } from './branch-tree.js';
import { headAndAdapters } from './head-and-adapters.js';
import { joinRows } from './join-rows.js';

const options = {
  encoder: required(part('encoder'), 'Cut into branches stage by stage.'),
  tree: required(branch, 'Which tasks go how many stages together.'),
  ...headAndAdapters,
};

/** Options of {@link branchedSharing}. */
export type BranchedSharingOptions = OptionsOf<typeof options>;

/**
 * A branched trunk: all tasks go some stages of the encoder together, then part in groups, and so on down to each task alone:
 *
 * $$h_n = f_n(h_{\text{parent}(n)}), \qquad \hat y_k = \text{head}_k(h_{\text{leaf}(k)}), \qquad
 * L = \sum_k L_k\Big(\theta_k,\ \big(\theta_n\big)_{n \,\in\, \text{path to } k}\Big)$$
 *
 * where
 * - n are the nodes of the tree; f_n are the node's stages, built once, with parameters θ_n that the tasks below n use;
 * - the root's parameters have paths `trunk/...`, other nodes' `branches/<tasks below, joined by +>/...`, heads' `heads/<task>/...`.
 *
 * Shapes: inputs `[rows, ...]` → features of every node as its last stage gives them → outputs as each task declares them.
 *
 * @remarks The tree is given, not learned. The shared representation is the root's output; a root without stages has none.
 * Inputs of tasks are treated as in {@link hardSharing}.
 * @throws `POLYTASK_BRANCH_TREE` for a tree that is malformed, does not hold every task exactly once, or is deeper than the
 * encoder; `POLYTASK_UNKNOWN_NAME` for tasks that do not exist; else as {@link hardSharing}.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { branchedSharing } from '@polytask/hard-sharing';
 *
 * // One layer for all; a second for `age` and `income` together; `colour` has a second and third of its own.
 * const sharing = branchedSharing({
 *   encoder: mlp([64, 64, 32]),
 *   tree: { stages: 1, branches: [{ stages: 1, branches: ['age', 'income'] }, 'colour'] },
 * });
 * sharing.name; // => 'branched-sharing'
 * ```
 */
export const branchedSharing = /* @__PURE__ */ describePart('sharing', {
  name: 'branched-sharing',
  summary: 'A trunk that parts into branches: tasks share some stages, then go on in groups.',
  cites: [
    {
      authors: 'Y. Lu, A. Kumar, S. Zhai, Y. Cheng, T. Javidi and R. Feris',
      title:
        'Fully-adaptive feature sharing in multi-task networks with applications in person attribute classification',
      venue: 'CVPR',
      year: 2017,
      url: 'https://arxiv.org/abs/1611.05377',
      note: 'Trains such a tree. The paper grows the tree while training; here it is given.',
    },
    {
      authors: 'S. Vandenhende, S. Georgoulis, B. De Brabandere and L. Van Gool',
      title: 'Branched multi-task networks: deciding what layers to share',
      venue: 'BMVC',
      year: 2020,
      url: 'https://arxiv.org/abs/1904.02920',
      note: "Trains such a tree. The paper finds the tree from the affinity of the tasks' features; here it is given.",
    },
  ],
  options,
  make: (given) => ({ bind: (context) => bind(context, given) }),
});

/** Some stages that the tasks below have in common, after those of the parent. */
interface TreeNode {
  readonly parent: TreeNode | undefined;
  /** None where a node has no stages: what comes in goes on. */
  readonly stages: BuiltStages | undefined;
  readonly output: InputSpecs;
}

function bind({ tasks, inputs, scope }: SharingContext, options: BranchedSharingOptions): BoundSharing {
  const { specs, sources } = buildTaskInputs(scope, tasks, inputs, options.adapters);
  const stages = options.encoder.stages(specs);
  const names = (items: readonly { readonly name: string }[]) => items.map((item) => item.name);
  requireFit(options.tree, names(tasks), names(stages));

  const leaves = new Map<string, TreeNode>();
  function buildNode(tree: Branch | string, start: number, parent: TreeNode | undefined): TreeNode {
    const below = tasksBelow(tree);
    const place = parent === undefined ? 'trunk' : `branches/${below.join('+')}`;
    const end = typeof tree === 'string' ? stages.length : start + tree.stages;
    const before = parent?.output ?? specs;
    const built = end > start && buildStages(stages.slice(start, end), scope.child(place, { usedBy: below }), before);
    const node = { parent, stages: built || undefined, output: built ? { features: built.output } : before };
    if (typeof tree === 'string') leaves.set(tree, node);
    else for (const branch of tree.branches) buildNode(branch, end, node);
    return node;
  }
  const root = buildNode(options.tree, 0, undefined);

  const bodyOf = headBodies(options.head, tasks);
  const heads = tasks.map((task) => {
    const leaf = leaves.get(task.name) as TreeNode;
    const place = scope.child('heads').child(task.name, { usedBy: [task.name] });
    return {
      task: task.name,
      leaf,
      source: sources.findIndex((source) => source.tasks.includes(task.name)),
      head: buildHead(place, task, Object.values(leaf.output)[0] as InputSpec, bodyOf(task.name)),
    };
  });

  return {
    forward(tensors, step) {
      const atRoot = sources.map((source) => source.select(tensors, step));
      const shared = root.stages && joinRows(atRoot.map((pass) => (root.stages as BuiltStages).apply(pass, step)));
      const done = new Map<TreeNode, NamedTensors[]>();
      done.set(root, shared ? shared.parts.map((features) => ({ features })) : atRoot);
      // What comes out of a node, for one set of inputs; each node runs once per set.
      const outputOf = (node: TreeNode, source: number): NamedTensors => {
        const passes = done.get(node) ?? [];
        done.set(node, passes);
        const before = passes[source] ?? outputOf(node.parent as TreeNode, source);
        passes[source] ??= node.stages ? { features: node.stages.apply(before, step) } : before;
        return passes[source];
      };
      const seen = heads.map(({ task, leaf, source, head }) => {
        const features = Object.values(outputOf(leaf, source))[0] as tf.Tensor;
        return { task, ...head.apply(features, step) };
      });
      return {
        outputs: Object.fromEntries(seen.map(({ task, outputs }) => [task, outputs])),
        features: Object.fromEntries(seen.map(({ task, features }) => [task, features])),
        ...(shared && { shared: shared.joined }),
        intermediates: {},
      };
    },
  };
}

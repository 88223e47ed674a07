import {
  adaptersOption,
  type BoundSharing,
  type BuiltStages,
  buildHeads,
  buildStages,
  buildTaskInputs,
  describePart,
  headOption,
  type InputSpec,
  type InputSpecs,
  type NamedTensors,
  type OptionsOf,
  part,
  required,
  type SharingContext,
  type StepContext,
} from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';
import { type Branch, branch, requireFit, tasksBelow } from './branch-tree.js';

const options = {
  encoder: required(part('encoder'), 'Cut into branches stage by stage.'),
  tree: required(branch, 'Which tasks go how many stages together.'),
  head: headOption,
  adapters: adaptersOption,
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

function bind({ tasks, inputs, scope }: SharingContext, options: BranchedSharingOptions): BoundSharing {
  const { specs, sources, applyShared } = buildTaskInputs(scope, tasks, inputs, options.adapters);
  const stages = options.encoder.stages(specs);
  const names = (items: readonly { readonly name: string }[]) => items.map((item) => item.name);
  requireFit(options.tree, names(tasks), names(stages));

  // The nodes on the way to each task, after the root; a node without stages is none.
  const paths: Record<string, readonly BuiltStages[]> = {};
  const ends: Record<string, InputSpec> = {};
  const buildNode = (place: string, tree: Branch | string, start: number, end: number, before: Before) =>
    end > start
      ? buildStages(
          stages.slice(start, end),
          scope.child(place, { usedBy: tasksBelow(tree) }),
          before.output,
          before.carried,
        )
      : undefined;
  const after = (node: BuiltStages | undefined, before: Before): Before =>
    node ? { output: { features: node.output }, carried: node.carried } : before;
  const below = (tree: Branch | string, start: number, path: readonly BuiltStages[], before: Before): void => {
    const end = typeof tree === 'string' ? stages.length : start + tree.stages;
    const node = buildNode(`branches/${tasksBelow(tree).join('+')}`, tree, start, end, before);
    const longer = node ? [...path, node] : path;
    if (typeof tree === 'string') {
      paths[tree] = longer;
      ends[tree] = Object.values(after(node, before).output)[0] as InputSpec;
    } else for (const branch of tree.branches) below(branch, end, longer, after(node, before));
  };

  const { tree } = options;
  const start = { output: specs, carried: {} };
  const trunk = buildNode('trunk', tree, 0, tree.stages, start);
  for (const branch of tree.branches) below(branch, tree.stages, [], after(trunk, start));
  const heads = buildHeads(scope, tasks, ends, options.head);

  return {
    forward(tensors, step) {
      // What the root gives besides features, one for each source, in their order.
      const carried: NamedTensors[] = [];
      const atRoot =
        trunk &&
        applyShared(tensors, step, (given, context) => {
          const passed = trunk.run(given, context);
          carried.push(passed.carried);
          return passed.features;
        });
      const features: Record<string, tf.Tensor> = {};
      for (const [index, source] of sources.entries()) {
        // Each node runs once for each set of inputs.
        const done = new Map<BuiltStages, Passed>();
        const shared = atRoot?.features[source.tasks[0] as string];
        const first = shared ? { features: shared } : source.select(tensors, step);
        for (const task of source.tasks) {
          let passed: Passed = { output: first, carried: carried[index] ?? {} };
          for (const node of paths[task] as readonly BuiltStages[]) {
            passed = done.get(node) ?? through(node, passed, step);
            done.set(node, passed);
          }
          features[task] = Object.values(passed.output)[0] as tf.Tensor;
        }
      }
      return heads.apply(features, step, atRoot && { shared: atRoot.shared });
    },
  };
}

/** What a node is built on: the features before it, and what its stages may take besides. */
interface Before {
  readonly output: InputSpecs;
  readonly carried: InputSpecs;
}

/** What came out of a node, and what stages below may take. */
interface Passed {
  readonly output: NamedTensors;
  readonly carried: NamedTensors;
}

function through(node: BuiltStages, { output, carried }: Passed, step: StepContext): Passed {
  const passed = node.run(output, step, carried);
  return { output: { features: passed.features }, carried: passed.carried };
}

import {
  type AnyTask,
  type AuxiliaryTerm,
  adaptersOption,
  type BuildScope,
  buildDense,
  buildEncoder,
  buildFlatten,
  buildHeads,
  buildTaskInputs,
  describePart,
  flag,
  headOption,
  InvalidOptionError,
  list,
  number,
  type OptionsOf,
  optional,
  part,
  required,
  type StepContext,
  stopGradient,
  taskName,
  UnknownNameError,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { mixExperts } from './mix-experts.js';
import { shareReport } from './share-report.js';
import { requireSameRows } from './task-nodes.js';

const options = {
  encoder: required(part('encoder'), 'What all tasks share, such as embeddings.'),
  tower: required(part('encoder'), 'Layers of one task after it; each task gets a copy with weights of its own.'),
  order: optional(
    list(taskName(), { least: 1 }),
    'The chain of tasks, from the first step to the last; tasks not named are in no chain.',
    'all tasks, in their order',
  ),
  calibration: withDefault(
    number({ from: 0 }),
    0.6,
    'Weight of a term for binary tasks that come after one another in the chain: the later is no likelier than the earlier.',
    'paper',
  ),
  stopGradient: withDefault(
    flag(),
    false,
    'Whether what is transferred carries no gradient back to the task before.',
    'paper',
  ),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link aitm}. */
export type AitmOptions = OptionsOf<typeof options>;

/**
 * Adaptive information transfer: tasks are steps that follow on one another, such as impression, click, purchase; each
 * learns row by row how much it takes from the step before.
 *
 * $$ z_1 = q_1, \qquad z_t = \sum_{u \in \{p_{t-1},\, q_t\}} w_u\, h_1(u), \qquad
 * w_u = \underset{u}{\text{softmax}}\ \frac{\langle h_2(u), h_3(u) \rangle}{\sqrt d}, \qquad p_{t-1} =
 * \text{relu}(z_{t-1} W + b) $$
 *
 * $$ L_{lc} = \sum_{t \ge 2} \frac{1}{B} \sum_{rows} \max(\hat y_t - \hat y_{t-1},\ 0) $$
 *
 * where
 * - q_t `[rows, d]` is task t's tower (`towers/<task>/...`) over the shared features (`shared/...`), flattened; z_t is
 *   what its head gets;
 * - p is what is transferred (`transfer/<task>/info/...`), h_1, h_2, h_3 are linear (`transfer/<task>/value`, `query`,
 *   `key`, without bias);
 * - ŷ are the probabilities of binary tasks that follow on one another; other tasks have no such term. It is over all B rows of a batch, with
 *   a label or without, so that these tasks learn from every batch.
 *
 * A task's tower and transfer reach the tasks after it and count as used by them too, unless `stopGradient`.
 * `trainer.inspect` gives w as `intermediates['transfer/<task>']`, `[rows, 2]`. The history has its means by epoch,
 * `aitm/transfer/<task>/transferred` and `.../own`, and the term as `aitm/calibration`.
 *
 * Shapes: inputs `[rows, ...]` → shared features `[rows, ...]` → towers `[rows, d]` by task → outputs as each task
 * declares them.
 *
 * @throws `POLYTASK_UNKNOWN_NAME` and `POLYTASK_INVALID_OPTION` for an `order` that names a task that is not there, or
 * twice; `POLYTASK_TASK_INPUTS` and `POLYTASK_SHAPE_MISMATCH` where tasks read inputs of different shapes or other
 * rows.
 * @example
 * ```ts
 * import { mlp, tabular } from '@polytask/core';
 * import { aitm } from '@polytask/attention';
 *
 * aitm({ encoder: tabular(), tower: mlp([64, 32]), order: ['click', 'purchase'] }).name; // => 'aitm'
 * ```
 */
export const aitm = /* @__PURE__ */ describePart('sharing', {
  name: 'aitm',
  summary: 'Tasks that follow on one another; each takes what it needs from the one before, by attention.',
  cites: [
    {
      authors: 'D. Xi, Z. Chen, P. Yan, Y. Zhang, Y. Zhu, F. Zhuang and Y. Chen',
      title:
        'Modeling the sequential dependence among audience multi-step conversions with multi-task learning in targeted display advertising',
      venue: 'KDD',
      year: 2021,
      url: 'https://arxiv.org/abs/2105.08489',
    },
  ],
  options,
  make: ({ encoder, tower, order, calibration, stopGradient: stop, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const names = tasks.map(({ name }) => name);
      const chain = order ?? names;
      requireChain(chain, names);
      const from = (task: string) => (stop || !chain.includes(task) ? [task] : chain.slice(chain.indexOf(task)));
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs, adapters);
      const trunk = buildEncoder(encoder, scope.child('shared'), specs);
      const towers = new Map(
        names.map((task) => {
          const place = scope.child('towers').child(task, { usedBy: from(task) });
          return [task, buildEncoder(tower, place, { features: trunk.output })] as const;
        }),
      );
      const flat = buildFlatten([...towers.values()][0]?.output as never);
      const width = flat.output.shape[0] as number;
      const steps = chain.slice(1).map((task, k) => {
        const place = scope.child('transfer').child(task, { usedBy: from(task) });
        const report = shareReport(`transfer/${task}`, ['transferred', 'own']);
        return { task, before: chain[k] as string, report, transfer: buildTransfer(place, width) };
      });
      const heads = buildHeads(scope, tasks, flat.output, head);
      const binary = chainOfBinaries(chain, tasks);
      return {
        logged: steps.flatMap(({ report }) => report.names),
        auxiliary: calibration > 0 && binary.length > 0 ? [calibrationTerm(binary, calibration)] : [],
        forward(x, step) {
          const { features, shared } = applyShared(x, step, trunk.apply);
          const known: Record<string, tf.Tensor> = {};
          for (const [task, built] of towers) {
            known[task] = flat.apply(built.apply({ features: features[task] as tf.Tensor }, step), step);
          }
          requireSameRows(
            chain,
            chain.map((task) => known[task] as tf.Tensor),
          );
          const intermediates: Record<string, tf.Tensor> = {};
          for (const { task, before, report, transfer } of steps) {
            const earlier = known[before] as tf.Tensor;
            const { features: met, shares } = transfer(
              stop ? stopGradient(earlier) : earlier,
              known[task] as tf.Tensor,
              step,
            );
            known[task] = met;
            intermediates[`transfer/${task}`] = shares;
            if (step.training) Object.assign(intermediates, report.of(shares));
          }
          return heads.apply(known, step, { shared, intermediates });
        },
      };
    },
  }),
});

function requireChain(chain: readonly string[], tasks: readonly string[]): void {
  for (const name of chain) if (!tasks.includes(name)) throw new UnknownNameError('task', name, tasks, 'order');
  if (new Set(chain).size < chain.length)
    throw new InvalidOptionError('order', 'a list that names no task twice', chain);
}

/** z of the task before and q of this one `[rows, d]` to z of this one, and how much it took of either. */
type Transfer = (
  before: tf.Tensor,
  own: tf.Tensor,
  step: StepContext,
) => { readonly features: tf.Tensor; readonly shares: tf.Tensor };

function buildTransfer(place: BuildScope, width: number): Transfer {
  const info = buildDense(place.child('info'), { shape: [width], dtype: 'float32' }, width, { activation: 'relu' });
  const both = { shape: [2, width], dtype: 'float32' } as const;
  const linear = (name: string) => buildDense(place.child(name), both, width, { bias: false });
  const [value, query, key] = [linear('value'), linear('query'), linear('key')];
  return (before, own, step) => {
    const pair = tf.stack([info.apply(before, step), own], 1);
    const fit = tf.sum(tf.mul(query.apply(pair, step), key.apply(pair, step)), -1);
    const shares = tf.softmax(tf.div(fit, Math.sqrt(width)));
    return { shares, features: mixExperts(value.apply(pair, step), shares) };
  };
}

/** Tasks of yes and no right after one another. */
function chainOfBinaries(chain: readonly string[], tasks: readonly AnyTask[]): (readonly [string, string])[] {
  const isBinary = (name: string) => tasks.find((task) => task.name === name)?.type === 'binary';
  return chain
    .slice(1)
    .map((task, k) => [chain[k] as string, task] as const)
    .filter((pair) => pair.every(isBinary));
}

function calibrationTerm(pairs: readonly (readonly [string, string])[], weight: number): AuxiliaryTerm {
  return {
    name: 'calibration',
    weight,
    // Of every row, with a label or without.
    actsOn: () => [...new Set(pairs.flat())],
    loss: ({ predict }) =>
      tf.addN(pairs.map(([before, after]) => tf.mean(tf.relu(tf.sub(predict(after), predict(before)))))),
  };
}

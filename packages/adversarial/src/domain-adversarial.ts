import {
  byName,
  describePart,
  extend,
  InvalidOptionError,
  list,
  type OptionsOf,
  required,
  taskName,
  UnknownNameError,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import {
  buildDiscriminator,
  discriminated,
  discriminatorOptions,
  fooled,
  oneHotRows,
  requireRowTask,
  requireShared,
  reversalFeeds,
} from './discriminator.js';

const options = extend(discriminatorOptions, {
  domains: required(
    byName(list(taskName(), { least: 1 }), 'lists of tasks by the name of their domain'),
    'Which tasks have their data from which domain: `{ summer: [a, b], winter: [c] }`. Every task is in one.',
  ),
});

/** Options of {@link domainAdversarial} besides those of all auxiliary terms. */
export type DomainAdversarialOptions = OptionsOf<typeof options>;

/**
 * Domain-adversarial training: a classifier reads off the shared representation which domain a row is from, and the
 * shared part learns to make that impossible.
 *
 * $$ L_{adv} = -\frac{1}{D} \sum_{d=1}^{D} \frac{1}{N_d} \sum_{n \in d} \log
 * \text{softmax}\big(C(\text{reverse}_\lambda(s_n))\big)_{d} $$
 *
 * where
 * - s_n `[N, ...]` is the shared representation of a row; d is the domain of the task whose data set the row is from
 *   (`rowTask`), and N_d is the number of such rows in the batch;
 * - C is a dense network (`discriminator/...`) with a logit per domain, which learns to tell domains apart;
 * - reverse_λ turns the gradient round on its way back, times λ, which rises as for `taskDiscriminator`.
 *
 * At chance L_adv is log D; it is recorded, and so is the `accuracy`, the mean over domains.
 *
 * @remarks Each domain that is in a batch counts the same, however many rows it has there: in the paper batches are
 * halves. With a domain per task it is {@link taskDiscriminator} but for that. Tasks of one domain may differ in their
 * representations; domains may not. `weight` and `learningRate` as there. Rows need no labels, as those of the paper's target domain: a
 * batch without any is a step of the classifier and of what all tasks share.
 * @throws `POLYTASK_ADVERSARY` where the sharing strategy has no shared representation, and at the first step where
 * tasks have no data sets of their own; `POLYTASK_UNKNOWN_NAME` for tasks that do not exist; `POLYTASK_INVALID_OPTION`
 * for a task in no domain or in two.
 * @example
 * ```ts
 * import { domainAdversarial } from '@polytask/adversarial';
 *
 * const adversary = domainAdversarial({ domains: { summer: ['a', 'b'], winter: ['c'] } });
 * console.log(adversary.name); // => domain-adversarial
 * ```
 */
export const domainAdversarial = /* @__PURE__ */ describePart('auxiliary', {
  name: 'domain-adversarial',
  summary:
    'A classifier of domains on the shared representation, whose gradient is reversed before it reaches what is shared.',
  cites: [
    {
      authors: 'Y. Ganin et al.',
      title: 'Domain-adversarial training of neural networks',
      venue: 'JMLR 17',
      year: 2016,
      url: 'https://jmlr.org/papers/v17/15-239.html',
    },
  ],
  options,
  make: ({ domains, units, learningRate, reversal, anneal, weight }) => ({
    bind({ scope, shared, tasks }) {
      const names = tasks.map(({ name }) => name);
      const domainOf = domainsOf(domains, names);
      const shape = requireShared('domain-adversarial', shared);
      const count = Object.keys(domains).length;
      const place = scope.child('discriminator', { learningRate });
      const discriminator = buildDiscriminator(place, shape, count, units);
      return {
        logged: ['accuracy'],
        feeds: reversalFeeds(reversal, anneal),
        // Labels play no part: every row has a task whose data it is from.
        actsOn: () => [],
        loss({ state, batch, feeds, step }) {
          const rowTask = requireRowTask('domain-adversarial', batch.rowTask);
          const byTask = oneHotRows(rowTask, names.length);
          const domainRows = domainOf.map((domain) => Array.from({ length: count }, (_, at) => Number(at === domain)));
          const wanted = tf.matMul(byTask as tf.Tensor2D, tf.tensor2d(domainRows));
          const rows = tf.sum(wanted, 0);
          const present = tf.sum(tf.cast(tf.greater(rows, 0), 'float32'));
          const shares = tf.sum(tf.div(wanted, tf.mul(tf.maximum(rows, 1), present)), 1);
          const logits = fooled(discriminator, state.shared as tf.Tensor, feeds.lambda as tf.Tensor, weight, step);
          const { loss, accuracy } = discriminated(logits, wanted, shares);
          return { loss, logged: { accuracy } };
        },
      };
    },
  }),
});

/** Index of the domain of each task, in task order. */
function domainsOf(domains: { readonly [domain: string]: readonly string[] }, tasks: readonly string[]): number[] {
  const lists = Object.values(domains);
  for (const name of lists.flat())
    if (!tasks.includes(name)) throw new UnknownNameError('task', name, tasks, 'domains');
  return tasks.map((task) => {
    const found = lists.flatMap((list, at) => list.filter((name) => name === task).map(() => at));
    if (found.length === 1) return found[0] as number;
    const problem = `\`${task}\` in ${found.length === 0 ? 'none' : 'several places'}`;
    throw new InvalidOptionError('domains', 'domains in which every task is exactly once', problem);
  });
}

import { describePart } from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';
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

/**
 * A task discriminator: a classifier reads off the shared representation which task's data a row is from, and the
 * shared part learns to make that impossible.
 *
 * $$ L_{adv} = -\frac{1}{N} \sum_{n=1}^{N} \log \text{softmax}\big(D(\text{reverse}_\lambda(s_n))\big)_{t_n} $$
 *
 * where
 * - s_n `[N, ...]` is the shared representation of a row, t_n the task whose data set it is from (`rowTask`);
 * - D is a dense network (`discriminator/...`) with a logit per task, which learns to tell tasks apart;
 * - reverse_λ turns the gradient round on its way back, times λ. With `anneal` λ rises from 0 to `reversal`, as λ(p) =
 *   reversal · (2 / (1 + e^{−10p}) − 1) with p the part of training done.
 *
 * At chance L_adv is log K; it is recorded, and so is the discriminator's `accuracy`.
 *
 * @remarks Where the run has no end of its own, λ is `reversal` from the start. λ and `weight` count for the shared part alone: the
 * discriminator learns at full rate whatever they are, as with Ganin et al. An `accuracy` at chance does not say that tasks cannot
 * be told apart: the shared part may only be ahead of the discriminator. A new classifier, trained on features as they are in the end, tells;
 * a discriminator with hidden layers, a `learningRate` some five times that of the network, and `weight: 1` are what brings that to
 * chance, where tasks' inputs overlap (`bench/adversary.bench.ts`). Rows need no labels: a batch without any is a step of the
 * discriminator and of what all tasks share.
 * @throws `POLYTASK_ADVERSARY` where the sharing strategy has no shared representation.
 * @throws `POLYTASK_ADVERSARY` at the first step where tasks have no data sets of their own, so that rows belong to no
 * task.
 * @example
 * ```ts
 * import { taskDiscriminator } from '@polytask/adversarial';
 *
 * const adversary = taskDiscriminator({ learningRate: 0.003 });
 * adversary.kind; // => 'auxiliary'
 * ```
 */
export const taskDiscriminator = /* @__PURE__ */ describePart('auxiliary', {
  name: 'task-discriminator',
  summary:
    'A classifier of tasks on the shared representation, whose gradient is reversed before it reaches what is shared.',
  cites: [
    {
      authors: 'P. Liu, X. Qiu and X. Huang',
      title: 'Adversarial multi-task learning for text classification',
      venue: 'ACL',
      year: 2017,
      url: 'https://arxiv.org/abs/1704.05742',
    },
    {
      authors: 'Y. Ganin et al.',
      title: 'Domain-adversarial training of neural networks',
      venue: 'JMLR 17',
      year: 2016,
      url: 'https://jmlr.org/papers/v17/15-239.html',
      note: 'Gradient reversal and its schedule.',
    },
  ],
  options: discriminatorOptions,
  make: ({ units, learningRate, reversal, anneal, weight }) => ({
    bind({ scope, shared, tasks }) {
      const shape = requireShared('task-discriminator', shared);
      const place = scope.child('discriminator', { learningRate });
      const discriminator = buildDiscriminator(place, shape, tasks.length, units);
      return {
        logged: ['accuracy'],
        feeds: reversalFeeds(reversal, anneal),
        // Labels play no part: every row has a task whose data it is from.
        actsOn: () => [],
        loss({ state, batch, feeds, step }) {
          const rowTask = requireRowTask('task-discriminator', batch.rowTask);
          const logits = fooled(discriminator, state.shared as tf.Tensor, feeds.lambda as tf.Tensor, weight, step);
          const { loss, accuracy } = discriminated(logits, oneHotRows(rowTask, tasks.length));
          return { loss, logged: { accuracy } };
        },
      };
    },
  }),
});

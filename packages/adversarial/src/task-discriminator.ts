import {
  buildDense,
  buildFlatten,
  chainLayers,
  describePart,
  flag,
  hostTensor,
  type LayerBuilder,
  list,
  number,
  PolytaskError,
  reverseGradient,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { reversalFactor } from './reversal-factor.js';

/**
 * A task discriminator: a classifier reads off the shared representation which task's data a row is from, and the shared
 * part learns to make that impossible.
 *
 * $$ L_{adv} = -\frac{1}{N} \sum_{n=1}^{N} \log \text{softmax}\big(D(\text{reverse}_\lambda(s_n))\big)_{t_n} $$
 *
 * where
 * - s_n `[N, ...]` is the shared representation of a row, t_n the task whose data set it is from (`rowTask`);
 * - D is a dense network (`discriminator/...`) with a logit per task, which learns to tell tasks apart;
 * - reverse_λ turns the gradient round on its way back, times λ. With `anneal` λ rises from 0 to `reversal`, as
 *   λ(p) = reversal · (2 / (1 + e^{−10p}) − 1) with p the part of training done.
 *
 * At chance L_adv is log K; it is recorded, and so is the discriminator's `accuracy`.
 *
 * @remarks Where the run has no end of its own, λ is `reversal` from the start. Only the shared part gets the reversed gradient: the
 * discriminator itself goes on to learn at full rate.
 * @throws `POLYTASK_ADVERSARY` where the sharing strategy has no shared representation.
 * @throws `POLYTASK_ADVERSARY` at the first step where tasks have no data sets of their own, so that rows belong to no task.
 * @example
 * ```ts
 * import { taskDiscriminator } from '@polytask/adversarial';
 *
 * const adversary = taskDiscriminator({ weight: 0.05 });
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
  options: {
    units: withDefault(list(whole({ from: 1 })), [], 'Widths of hidden layers of the discriminator.'),
    reversal: withDefault(number({ from: 0 }), 1, 'Factor λ of the reversed gradient.'),
    anneal: withDefault(
      flag(),
      true,
      'Whether λ rises from 0 in the course of training.',
      'Ganin et al., section 5.2.2',
    ),
  },
  make: ({ units, reversal, anneal }) => ({
    bind({ scope, shared, tasks }) {
      if (shared === undefined) {
        throw new PolytaskError(
          'POLYTASK_ADVERSARY',
          '`task-discriminator` reads the shared representation, but this sharing strategy has none. ' +
            'Use one that has, such as `hard-sharing`.',
        );
      }
      const place = scope.child('discriminator');
      const hidden = units.map(
        (width, i): LayerBuilder =>
          (input) =>
            buildDense(place.child(`dense${i}`), input, width, { activation: 'relu' }),
      );
      const discriminator = chainLayers({ shape: shared, dtype: 'float32' }, [
        buildFlatten,
        ...hidden,
        (input) => buildDense(place.child('logits'), input, tasks.length),
      ]);
      return {
        logged: ['accuracy'],
        feeds: (step) => ({ lambda: hostTensor(anneal ? reversal * reversalFactor(step) : reversal) }),
        loss({ state, batch, feeds, step }) {
          if (batch.rowTask === undefined) {
            throw new PolytaskError(
              'POLYTASK_ADVERSARY',
              '`task-discriminator` has to know which task a row is from, but all tasks have the same rows here. ' +
                'Give tasks data sets of their own.',
            );
          }
          const reversed = reverseGradient(state.shared as tf.Tensor, feeds.lambda as tf.Tensor);
          const logits = discriminator.apply(reversed, step);
          // tf.oneHot knows no single class.
          const wanted = tf.equal(tf.expandDims(batch.rowTask, 1), tf.range(0, tasks.length, 1, 'int32'));
          const found = tf.argMax(logits, 1);
          return {
            loss: tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.cast(wanted, 'float32')), 1))),
            logged: { accuracy: tf.mean(tf.cast(tf.equal(found, tf.cast(batch.rowTask, 'int32')), 'float32')) },
          };
        },
      };
    },
  }),
});

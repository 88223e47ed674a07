import * as tf from '@tensorflow/tfjs';
import type { ProgramContext } from '../contracts/executor.js';
import type { Aggregated, AggregateInput, BoundGradientBalancing } from '../contracts/gradient-balancing.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { feedsUnder, prefixed } from '../training/batch-feeds.js';
import { withRest } from './combination-programs.js';
import { requireShape, termsOutput } from './forward-pass.js';
import { representationGradients } from './jacobian-programs.js';
import { type ProgramParts, variablesOf } from './program-parts.js';
import { flatGradient, gradientOf, onTape } from './tape.js';
import { applyUpdate, type UpdateMode } from './update.js';

/** Combinations of gradients in tfjs, then the update. And what the history takes the weights from, and what is learned besides. */
export function aggregationPrograms({ model, optimizer, forward, shared, rest, once }: ProgramParts) {
  const { layout } = model;

  function aggregated(
    bound: BoundGradientBalancing,
    jacobian: tf.Tensor2D,
    losses: tf.Tensor,
    feeds: NamedTensors,
    context: ProgramContext,
  ): Aggregated {
    const aggregate = bound.aggregate as NonNullable<typeof bound.aggregate>;
    const found = aggregate(inputOf(jacobian, losses, feeds, context));
    const [tasks, columns] = jacobian.shape;
    requireShape('The direction that `aggregate` gives', found.direction, [columns]);
    if (found.weights !== undefined) requireShape('The weights that `aggregate` gives', found.weights, [tasks]);
    return found;
  }

  return {
    /** What a balancing learns from gradients `jacobian` that are fed, beside the weights that it has worked out. */
    learn: (bound: BoundGradientBalancing) =>
      once('learn', () => ({
        name: 'learn-from-gradients',
        run(feeds, context) {
          const learn = bound.learn as NonNullable<typeof bound.learn>;
          const { jacobian, losses } = feeds as { readonly [feed: string]: tf.Tensor };
          return prefixed('state', learn(inputOf(jacobian as tf.Tensor2D, losses as tf.Tensor, feeds, context)));
        },
      })),
    /** Of the gradients by shared parameters, which a Jacobian program gave. */
    aggregateAndApply: (mode: UpdateMode, bound: BoundGradientBalancing) =>
      once(`aggregate ${mode}`, () => ({
        name: `aggregate-and-apply-${mode}`,
        run(feeds, context) {
          const jacobian = feeds.shared as tf.Tensor2D;
          const found = aggregated(bound, jacobian, feeds.losses as tf.Tensor, feeds, context);
          const gradient = withRest(model, found.direction, feeds);
          return { ...report(jacobian, found), ...applyUpdate(optimizer, layout, mode, feeds, gradient) };
        },
      })),
    /** Of the gradients by the shared representation, from which the direction is carried back; one program. */
    aggregateRepresentationAndApply: (mode: UpdateMode, bound: BoundGradientBalancing) =>
      once(`aggregate representation ${mode}`, () => ({
        name: `aggregate-representation-and-apply-${mode}`,
        run(feeds, context) {
          const { gradient, ...others } = onTape(() => {
            const pass = forward(feeds, context);
            const losses = tf.stack([...pass.losses]);
            const { representation, rows } = representationGradients(pass);
            const found = aggregated(bound, rows, losses, feeds, context);
            const direction = tf.reshape(found.direction, representation.shape);
            const below = gradientOf(representation, variablesOf(shared), direction);
            // What does not lie below the representation gets its gradient as it is.
            const above = [...shared.filter((_, i) => below[i] === undefined), ...rest];
            const raw = gradientOf(tf.sum(losses), variablesOf(above));
            const gradients = layout.segments.map((segment, i) => below[i] ?? raw[above.indexOf(segment)]);
            const flat = flatGradient(layout.segments, gradients);
            const added =
              pass.added === undefined
                ? flat
                : tf.add(flat, flatGradient(layout.segments, gradientOf(pass.added, variablesOf(layout.segments))));
            return { losses, gradient: added, ...termsOutput(pass), ...report(rows, found) };
          });
          return { ...others, ...applyUpdate(optimizer, layout, mode, feeds, gradient as tf.Tensor1D) };
        },
      })),
  };
}

/** What a balancing's own code gets inside a program. */
function inputOf(
  jacobian: tf.Tensor2D,
  losses: tf.Tensor,
  feeds: NamedTensors,
  context: ProgramContext,
): AggregateInput {
  return {
    jacobian,
    losses: losses as tf.Tensor1D,
    active: feeds.active as tf.Tensor1D,
    feeds: feedsUnder('balancing', feeds),
    state: feedsUnder('state', feeds),
    uniform: (path, shape) => context.uniform(`balancing/${path}`, shape),
  };
}

/** New state, and the weights that the aggregation says it used (NaN where it does not) or that can be worked out from the rest. */
function report(jacobian: tf.Tensor2D, { direction, state, weights }: Aggregated): Record<string, tf.Tensor> {
  return {
    ...prefixed('state', state ?? {}),
    weights: weights ?? tf.fill([jacobian.shape[0]], Number.NaN),
    gramian: tf.matMul(jacobian, jacobian, false, true),
    products: tf.reshape(tf.matMul(jacobian, tf.expandDims(direction, 1) as tf.Tensor2D), [-1]),
  };
}

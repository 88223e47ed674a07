import * as tf from '@tensorflow/tfjs';
import { scaleWeightTensor } from '../balancing-kit/weight-scale.js';
import type { Program, ProgramContext } from '../contracts/executor.js';
import type { Scalarization, WeightScale } from '../contracts/loss-weighting.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { feedsUnder } from '../training/batch-feeds.js';
import { requireShape, termsOutput, withTerms } from './forward-pass.js';
import { type ProgramParts, variablesOf } from './program-parts.js';
import { flatGradient, gradientOf, gradientWith, onTape } from './tape.js';
import { applyUpdate, type UpdateMode } from './update.js';

/** What parameters of a single task get; under `'fed'` their gradient times `head-weights` [K]. */
export type FedHeadGradients = 'raw' | 'weighted' | 'fed';

/** Weights of the losses `[K]`, and the gradient of the balancing variables behind them. */
interface Weighed {
  readonly weights: tf.Tensor1D;
  readonly balancing: tf.Tensor1D;
}

/** Losses, and one gradient of a weighted sum of them: `weights` [K] fed, or a function of the losses with its `balancing/…` feeds. */
export function lossPrograms({ model, optimizer, forward, check, shared, rest, once }: ProgramParts) {
  const { layout } = model;
  const inModel = layout.segments.filter((segment) => segment.group !== 'balancing');
  const inBalancing = layout.segments.filter((segment) => segment.group === 'balancing');
  const scalarized = new WeakMap<Scalarization, Map<string, Program>>();

  /** A program per scalarization and key. */
  const onceOf = (scalarize: Scalarization, key: string, make: () => Program): Program => {
    const known = scalarized.get(scalarize) ?? new Map<string, Program>();
    const program = known.get(key) ?? make();
    scalarized.set(scalarize, known.set(key, program));
    return program;
  };

  const losses: Program = {
    name: 'losses',
    check,
    run(feeds, context) {
      const pass = forward(feeds, context);
      return { losses: tf.stack([...pass.losses]), ...termsOutput(pass) };
    },
  };

  const fedWeights = (feeds: NamedTensors) => (): Weighed => ({
    weights: feeds.weights as tf.Tensor1D,
    balancing: flatGradient(inBalancing, []),
  });

  /** ∂scalarize/∂L is every task's effective weight: Σ w_k L_k with w held fixed has the same gradient. */
  const weightsOf = (scalarize: Scalarization, scale: WeightScale, feeds: NamedTensors) => {
    const active = feeds.active as tf.Tensor1D;
    return (stacked: tf.Tensor1D): Weighed => {
      const leaf = tf.clone(stacked);
      const found = scalarize(leaf, active, feedsUnder('balancing', feeds));
      const scalar = requireShape('What `scalarize` of the balancing gives', found, []);
      const [byLoss, ...byBalancing] = gradientOf(scalar, [leaf, ...variablesOf(inBalancing)]);
      // Not a product with `active`: the derivative at an absent task's loss of 0 may be infinite.
      const weights = tf.where(tf.greater(active, 0.5), byLoss ?? tf.zeros(leaf.shape), 0) as tf.Tensor1D;
      const balancing = flatGradient(inBalancing, byBalancing);
      return { weights: scale === 'tasks' ? scaleWeightTensor(weights, active) : weights, balancing };
    };
  };

  function gradientOfLosses(
    feeds: NamedTensors,
    context: ProgramContext,
    { heads, auxiliary, training = true }: { heads: FedHeadGradients; auxiliary: boolean; training?: boolean },
    weigh: (losses: tf.Tensor1D) => Weighed,
  ): { gradient: tf.Tensor1D; losses: tf.Tensor; weights: tf.Tensor; terms?: tf.Tensor } {
    const start = () => {
      const pass = forward(feeds, context, training);
      const stacked = tf.stack([...pass.losses]) as tf.Tensor1D;
      const { weights, balancing } = weigh(stacked);
      const plus = (loss: tf.Scalar) => (auxiliary ? withTerms(loss, pass) : loss);
      const weighted = plus(tf.sum(tf.mul(stacked, weights)));
      return { weighted, plus, others: { losses: stacked, weights, balancing, ...termsOutput(pass) } };
    };
    if (heads === 'weighted') {
      const { gradients, others } = gradientWith(() => {
        const { weighted, others: found } = start();
        return { loss: weighted, others: found };
      }, variablesOf(inModel));
      return { ...others, gradient: joined(flatGradient(inModel, gradients), others.balancing) } as never;
    }
    const { gradient, ...others } = onTape(() => {
      const { weighted, plus, others: found } = start();
      const ofHeads = heads === 'fed' ? tf.mul(found.losses, feeds['head-weights'] as tf.Tensor) : found.losses;
      const own = rest.filter((segment) => segment.group !== 'balancing');
      const gradients = [
        ...gradientOf(weighted, variablesOf(shared)),
        ...gradientOf(plus(tf.sum(ofHeads)), variablesOf(own)),
      ];
      return { ...found, gradient: flatGradient(inModel, gradients) };
    });
    return { ...others, gradient: joined(gradient as tf.Tensor1D, others.balancing) } as never;
  }

  const joined = (inside: tf.Tensor1D, balancing: tf.Tensor | undefined) =>
    inBalancing.length === 0 ? inside : (tf.concat([inside, balancing as tf.Tensor1D]) as tf.Tensor1D);

  return {
    losses,
    /** Gradient of Σ w_k L_k with `weights` fed. */
    gradient: (heads: FedHeadGradients, auxiliary: boolean, training = true) =>
      once(`gradient ${heads} ${auxiliary} ${training}`, () => ({
        name: `gradient-${heads}${auxiliary ? '' : '-of-tasks'}${training ? '' : '-as-predicted'}`,
        ...(training && { check }),
        run: (feeds, context) =>
          gradientOfLosses(feeds, context, { heads, auxiliary: auxiliary && training, training }, fedWeights(feeds)),
      })),
    /** Gradient of a function of the losses. */
    scalarizedGradient: (scalarize: Scalarization, scale: WeightScale, heads: FedHeadGradients, auxiliary: boolean) =>
      onceOf(scalarize, `${scale} ${heads} ${auxiliary}`, () => ({
        name: `gradient-${heads}-of-scalarized-losses${auxiliary ? '' : '-of-tasks'}`,
        run: (feeds, context) =>
          gradientOfLosses(feeds, context, { heads, auxiliary }, weightsOf(scalarize, scale, feeds)),
      })),
    /** Weights of losses that are fed, and the gradient of the balancing variables behind them `[layout.size]`. */
    weighedLosses: (scalarize: Scalarization, scale: WeightScale) =>
      onceOf(scalarize, `${scale} alone`, () => ({
        name: 'weights-of-losses',
        run: (feeds) =>
          onTape(() => {
            const { weights, balancing } = weightsOf(scalarize, scale, feeds)(feeds.losses as tf.Tensor1D);
            const before = tf.zeros([layout.size - balancing.size]);
            return { weights, balancing: balancing.size === 0 ? before : tf.concat([before, balancing]) };
          }),
      })),
    /** Gradient of Σ w_k L_k with `weights` fed, and the update. */
    gradientAndApply: (mode: UpdateMode, heads: FedHeadGradients) =>
      once(`gradient ${heads} apply ${mode}`, () => ({
        name: `gradient-${heads}-and-apply-${mode}`,
        run(feeds, context) {
          const weigh = fedWeights(feeds);
          const { gradient, ...others } = gradientOfLosses(feeds, context, { heads, auxiliary: true }, weigh);
          return { ...others, ...applyUpdate(optimizer, layout, mode, feeds, gradient) };
        },
      })),
    /** A step of loss weighting: losses to a scalar, its gradient, the update; one backward pass. */
    weightedStep: (mode: UpdateMode, scalarize: Scalarization, scale: WeightScale) =>
      once(`step ${mode}`, () => ({
        name: `weighted-step-${mode}`,
        check,
        run(feeds, context) {
          const weigh = weightsOf(scalarize, scale, feeds);
          const { gradient, ...others } = gradientOfLosses(
            feeds,
            context,
            { heads: 'weighted', auxiliary: true },
            weigh,
          );
          return { ...others, ...applyUpdate(optimizer, layout, mode, feeds, gradient) };
        },
      })),
  };
}

import * as tf from '@tensorflow/tfjs';
import { compact, compactMatrix, inNameOrder, spread } from '../balancing-kit/present-tasks.js';
import { scaleWeights } from '../balancing-kit/weight-scale.js';
import type { GradientBalancing } from '../contracts/gradient-balancing.js';
import type { ValidationScores } from '../contracts/loss-weighting.js';
import type { State } from '../contracts/tensors.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { checkPart } from '../model/check-part.js';
import { checkWeights } from '../plans/gradient-balancing-plan.js';
import { requireLosses } from '../plans/require-losses.js';
import { uniformFloats } from '../random/uniform-stream.js';
import { checkGramian } from '../training/primitives.js';
import { downloaded, openPart, type StandaloneOptions } from './open-part.js';

/** What a gradient balancing makes of a Jacobian. */
export interface BalancedGradient {
  /** `[P]`; the caller disposes of it. */
  readonly direction: tf.Tensor1D;
  /** Weights `[K]` with direction Jᵀw, where the method gives them; 0 for absent tasks. */
  readonly weights: Float64Array | undefined;
}

/** A gradient balancing in a training loop of one's own. */
export interface BalancedGradients {
  /**
   * The direction to go in place of the tasks' gradients of what they share.
   *
   * @param jacobian - `[K, P]`, a row per task.
   * @param losses - `[K]`; NaN for tasks without a label in this batch, whose rows are not looked at. Default, of methods that
   * do not go by them: all are there, with a loss of 0.
   * @throws `POLYTASK_NON_FINITE` for a gradient that is not finite, of a method that gives weights.
   */
  direction(jacobian: tf.Tensor2D, losses?: ArrayLike<number>): Promise<BalancedGradient>;
  /** Call it after every step, so that draws and annealed numbers go on. */
  stepEnd(): void;
  /** Call it after every epoch with the tasks' mean losses, and scores on validation data where there are any, for methods that look back. */
  epochEnd(meanLosses: ArrayLike<number>, validation?: ValidationScores): Promise<void>;
  saveState(): Promise<State>;
  loadState(state: State): void;
  dispose(): void;
}

/**
 * Binds a gradient balancing in somebody's own tfjs training loop, with its state and scale.
 *
 * @remarks What is compared is the Jacobian that is given, whatever the method's `gradientsOf`; heads are the caller's.
 * @param part The gradient balancing.
 * @param tasks Names of the tasks, or their definitions.
 * @param options See {@link StandaloneOptions}.
 * @throws `POLYTASK_WRONG_PART` for another kind of part; `POLYTASK_SHAPE_MISMATCH` for another number of rows or losses, and without losses for
 * methods that are not defined for all of them.
 * @example
 * ```ts
 * import { balanceGradients, defineGradientBalancing } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const unit = defineGradientBalancing({
 *   name: 'unit-gradients',
 *   scale: 'paper',
 *   bind: () => ({ weights: ({ gramian, tasks }) => tasks.map((_, k) => 1 / Math.sqrt(gramian[k * tasks.length + k] ?? 1)) }),
 * });
 * const balance = balanceGradients(unit, ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[3, 0], [0, 4]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 1, 1 ]
 * balance.dispose();
 * ```
 */
export function balanceGradients(
  part: GradientBalancing,
  tasks: StandaloneOptions['tasks'],
  options: Omit<StandaloneOptions, 'tasks'> & { readonly seed?: number } = {},
): BalancedGradients {
  checkPart(part, 'part', 'gradient-balancing');
  const { seed = 0 } = options;
  const { bound, names, info, ...rest } = openPart(part, { ...options, tasks });
  const k = names.length;
  let state: { [name: string]: tf.Tensor } | undefined;

  async function byWeights(jacobian: tf.Tensor2D, losses: Float64Array, active: number[]): Promise<BalancedGradient> {
    const product = tf.tidy(() => tf.matMul(jacobian, jacobian, false, true));
    const gramian = Float64Array.from(await product.data());
    product.dispose();
    const tasks = inNameOrder(active, names);
    checkGramian(gramian, active, names, info().step);
    const input = { gramian: compactMatrix(gramian, tasks, k), tasks, losses: compact(losses, tasks) };
    // Methods are not asked about nobody.
    const given = tasks.length === 0 ? [] : bound.weights?.({ ...input, block: 'shared', step: info() });
    const found = Float64Array.from(given ?? []);
    checkWeights(part.name, found, active.length, info().step);
    const weights = spread(scaleWeights(found, part.scale ?? 'tasks'), tasks, k);
    const direction = tf.tidy(() =>
      tf.reshape(tf.matMul(tf.tensor2d(Float32Array.from(weights), [1, k]), jacobian), [-1]),
    );
    return { direction: direction as tf.Tensor1D, weights };
  }

  async function byAggregate(jacobian: tf.Tensor2D, losses: Float64Array, active: number[]): Promise<BalancedGradient> {
    const { step } = info();
    const [, columns] = jacobian.shape;
    state ??= Object.fromEntries(
      Object.entries(bound.state?.({ tasks: k, columns }) ?? {}).map(([name, start]) => [
        name,
        'data' in start ? tf.tensor(start.data, [...start.shape]) : tf.zeros([...start]),
      ]),
    );
    const before = state;
    const occurrences = new Map<string, number>();
    const found = tf.tidy(() => {
      const present = tf.tensor1d(names.map((_, i) => (active.includes(i) ? 1 : 0)));
      const aggregated = bound.aggregate?.({
        jacobian,
        losses: tf.tensor1d(Float32Array.from(losses, (loss) => (Number.isNaN(loss) ? 0 : loss))),
        active: present,
        feeds: Object.fromEntries(
          Object.entries(bound.feeds?.(info()) ?? {}).map(([name, { data, shape }]) => [
            name,
            tf.tensor(data, [...shape]),
          ]),
        ),
        state: before,
        uniform(path, shape) {
          const occurrence = occurrences.get(path) ?? 0;
          occurrences.set(path, occurrence + 1);
          const length = shape.reduce((product, size) => product * size, 1);
          return tf.tensor(uniformFloats(length, seed, 'balancing', step, path, occurrence), [...shape]);
        },
      });
      // Copies, since one tensor may be several of these.
      const carried = Object.entries(aggregated?.state ?? {}).map(
        ([name, tensor]) => [name, tf.clone(tensor)] as const,
      );
      return {
        direction: tf.clone(aggregated?.direction as tf.Tensor1D),
        weights: aggregated?.weights && tf.clone(aggregated.weights),
        state: Object.fromEntries(carried),
      };
    });
    const after: { [name: string]: tf.Tensor } = { ...before, ...found.state };
    for (const [name, tensor] of Object.entries(before)) if (after[name] !== tensor) tensor.dispose();
    state = after;
    const weights = found.weights && Float64Array.from(await found.weights.data());
    found.weights?.dispose();
    return { direction: found.direction, weights };
  }

  return {
    async direction(jacobian, losses) {
      if (jacobian.shape[0] !== k) {
        throw new ShapeMismatchError(
          '`jacobian`',
          `[${k}, parameters]`,
          jacobian.shape,
          'Give one row per task, in their order.',
        );
      }
      const goesByLosses = part.leastLoss !== undefined;
      if (losses === undefined ? goesByLosses : losses.length !== k) {
        const advice = `Give one loss per task, in their order${goesByLosses ? `: \`${part.name}\` goes by them` : ''}.`;
        throw new ShapeMismatchError('`losses`', [k], losses === undefined ? [] : [losses.length], advice);
      }
      const known = Float64Array.from({ length: k }, (_, i) => (losses === undefined ? 0 : (losses[i] as number)));
      requireLosses(part, known, names, info().step);
      const active = names.flatMap((_, i) => (Number.isNaN(known[i]) ? [] : [i]));
      const mask = tf.tidy(() => {
        if (active.length === k) return tf.clone(jacobian);
        const rows = tf.tensor2d(names.map((_, i) => [active.includes(i) ? 1 : 0]));
        return tf.where(tf.greater(rows, 0.5), jacobian, 0) as tf.Tensor2D;
      });
      try {
        return await (bound.weights === undefined ? byAggregate : byWeights)(mask as tf.Tensor2D, known, active);
      } finally {
        mask.dispose();
      }
    },
    stepEnd: rest.stepEnd,
    epochEnd: rest.epochEnd,
    saveState: async () => ({ loop: await rest.saveState(), carried: await downloaded(Object.entries(state ?? {})) }),
    loadState(saved) {
      const { loop, carried } = saved as {
        loop: State;
        carried: { [name: string]: { data: Float32Array; shape: number[] } };
      };
      rest.loadState(loop);
      tf.dispose(state ?? {});
      const entries = Object.entries(carried);
      state =
        entries.length === 0
          ? undefined
          : Object.fromEntries(entries.map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]));
    },
    dispose() {
      tf.dispose(state ?? {});
      rest.dispose();
    },
  };
}

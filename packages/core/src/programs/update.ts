import * as tf from '@tensorflow/tfjs';
import type { Optimizer } from '../contracts/optimizer.js';
import type { ParameterLayout, SegmentRange } from '../contracts/parameters.js';
import type { HostTensor, NamedTensors } from '../contracts/tensors.js';
import { feedsUnder, prefixed } from '../training/batch-feeds.js';

/**
 * How the optimizer's numbers reach the flat vector. `'uniform'`: every range moves by the same numbers, which are scalars.
 * `'ranged'`: learning rate, decay or step count differ, or a range stands still; the numbers are one per range.
 */
export type UpdateMode = 'uniform' | 'ranged';

/** What is fed to an update, and how many updates each range has had after it. */
export interface UpdateNumbers {
  readonly mode: UpdateMode;
  readonly feeds: Record<string, HostTensor>;
  readonly counts: number[];
}

/** Works out one update's numbers on the host. `moves` says which ranges move; the others keep values, moments and count. */
export function updateNumbers(
  optimizer: Optimizer,
  layout: ParameterLayout,
  counts: readonly number[],
  moves: readonly boolean[],
  step: number,
): UpdateNumbers {
  const scheduled = optimizer.schedule?.(step) ?? 1;
  const after = counts.map((count, r) => count + (moves[r] ? 1 : 0));
  // Most ranges have the same numbers, which are worked out once.
  const known: { readonly like: SegmentRange; readonly count: number; readonly numbers: Record<string, number> }[] = [];
  const numbersOf = (range: SegmentRange, count: number): Record<string, number> => {
    const { group, learningRate } = range;
    for (const { like, count: counted, numbers } of known) {
      if (counted === count && like.group === group && like.learningRate === learningRate) return numbers;
    }
    const options = optimizer.groups[group];
    const numbers = {
      ...optimizer.factors(count),
      learningRate: (options?.learningRate ?? learningRate ?? optimizer.learningRate) * scheduled,
      decay: options?.decay ?? (group === 'balancing' ? 0 : optimizer.decay),
    } as Record<string, number>;
    known.push({ like: range, count, numbers });
    return numbers;
  };
  const factors = layout.ranges.map((range, r) => numbersOf(range, Math.max(1, after[r] as number)));
  const first = factors[0] ?? {};
  const names = Object.keys(first);
  const same =
    moves.every(Boolean) &&
    factors.every((other) => other === first || names.every((name) => other[name] === first[name]));
  const feeds: Record<string, HostTensor> = {};
  for (const name of names) {
    feeds[name] = same
      ? { data: Float32Array.of(first[name] as number), shape: [] }
      : { data: Float32Array.from(factors, (one) => one[name] as number), shape: [factors.length] };
  }
  if (!same) feeds.moves = { data: Float32Array.from(moves, Number), shape: [moves.length] };
  return { mode: same ? 'uniform' : 'ranged', feeds: prefixed('factor', feeds), counts: after };
}

/** The update inside a program: clips the model's gradient, applies the optimizer, leaves ranges that do not move as they are. */
export function applyUpdate(
  optimizer: Optimizer,
  layout: ParameterLayout,
  mode: UpdateMode,
  feeds: NamedTensors,
  gradient: tf.Tensor1D,
): Record<string, tf.Tensor> {
  const factors = feedsUnder('factor', feeds);
  const slots = feedsUnder('slot', feeds);
  const values = feeds.values as tf.Tensor;
  const clipped = optimizer.clipNorm === undefined ? gradient : clipByNorm(gradient, optimizer.clipNorm, layout);
  if (mode === 'uniform') {
    const updated = optimizer.update({ values, gradient: clipped, slots, factors });
    return { values: updated.values, ...prefixed('slot', updated.slots) };
  }
  const { moves, ...numbers } = Object.fromEntries(
    Object.entries(factors).map(([name, perRange]) => [name, perRow(perRange as tf.Tensor1D, layout.ranges)]),
  );
  const updated = optimizer.update({ values, gradient: clipped, slots, factors: numbers });
  const moving = tf.greater(moves as tf.Tensor, 0.5);
  const settle = (now: tf.Tensor, before: tf.Tensor) => tf.where(moving, now, before);
  const newSlots = Object.fromEntries(
    Object.entries(updated.slots).map(([name, now]) => [name, settle(now, slots[name] as tf.Tensor)]),
  );
  return { values: settle(updated.values, values), ...prefixed('slot', newSlots) };
}

/** One number per range to one per parameter. */
export function perRow(numbers: tf.Tensor1D, ranges: readonly SegmentRange[]): tf.Tensor1D {
  const single = tf.split(
    numbers,
    ranges.map(() => 1),
  );
  return tf.concat(single.map((number, r) => tf.tile(number, [(ranges[r] as SegmentRange).size]))) as tf.Tensor1D;
}

/** Scales the model's gradient down to `clipNorm`; the balancing group lies behind it and is left alone. */
function clipByNorm(gradient: tf.Tensor1D, clipNorm: number, layout: ParameterLayout): tf.Tensor1D {
  const balancing = layout.ranges
    .filter((range) => range.group === 'balancing')
    .reduce((sum, range) => sum + range.size, 0);
  const model = layout.size - balancing;
  const part = balancing === 0 ? gradient : tf.slice(gradient, 0, model);
  const norm = tf.sqrt(tf.sum(tf.square(part)));
  const clipped = tf.mul(part, tf.div(clipNorm, tf.maximum(norm, clipNorm))) as tf.Tensor1D;
  return balancing === 0 ? clipped : (tf.concat([clipped, tf.slice(gradient, model)]) as tf.Tensor1D);
}

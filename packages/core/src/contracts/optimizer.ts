import type * as tf from '@tensorflow/tfjs';
import { type Description, type DescriptionInput, definePart } from './description.js';
import type { NamedTensors } from './tensors.js';

/** Learning rate as a function of the number of steps taken; a factor of the optimizer's `learningRate`. */
export type LearningRateSchedule = (step: number) => number;

/** What one update of one range of the flat vector is computed from; every tensor is `[P]` or a scalar that broadcasts to it. */
export interface UpdateInput {
  readonly values: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** The optimizer's slots, `[P]` each. */
  readonly slots: NamedTensors;
  /** `learningRate`, `decay` and everything `factors` gives. */
  readonly factors: NamedTensors;
}

/** Pure tfjs arithmetic over the flat vector; learning rate, decay and step count come in as numbers. */
export interface Optimizer extends Description<'optimizer'> {
  readonly learningRate: number;
  readonly schedule?: LearningRateSchedule | undefined;
  /** Decoupled weight decay of the model's group; 0 for `'balancing'`. */
  readonly decay: number;
  /** Learning rates of parameter groups that differ from `learningRate`. */
  readonly groups: {
    readonly [group: string]: { readonly learningRate?: number | undefined; readonly decay?: number | undefined };
  };
  /** Largest norm of the model's gradient; longer ones are scaled down. */
  readonly clipNorm?: number | undefined;
  /** Names of the moments kept per parameter, zeros at first. */
  readonly slots: readonly string[];
  /** Host-side numbers of a range that has been updated `count` times, this one included (Adam's bias corrections). */
  factors(count: number): { readonly [name: string]: number };
  update(input: UpdateInput): { readonly values: tf.Tensor; readonly slots: NamedTensors };
}

/** Makes an {@link Optimizer}. */
export function defineOptimizer(optimizer: DescriptionInput<Optimizer>): Optimizer {
  return definePart<Optimizer>('optimizer', optimizer);
}

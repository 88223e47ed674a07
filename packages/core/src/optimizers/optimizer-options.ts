import type { LearningRateSchedule, Optimizer } from '../contracts/optimizer.js';
import { InvalidOptionError, requireOption } from '../errors/invalid-option-error.js';

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** Step size; positive. */
  readonly learningRate?: number;
  /** Factor of the learning rate by the number of steps taken. Default: always 1. */
  readonly schedule?: LearningRateSchedule;
  /** Scales the model's gradient down to this Euclidean norm where it is longer. Default: never. */
  readonly clipNorm?: number;
  /** Learning rate and decay of parameter groups; balancing variables are group `balancing`, with decay 0 by default. */
  readonly groups?: Optimizer['groups'];
}

/** The part of an optimizer that comes from the common options, checked. `decay` is left out by optimizers that have none. */
export function commonOptions(options: OptimizerOptions, learningRate: number, decay?: number) {
  const { schedule, clipNorm, groups = {}, ...plain } = options;
  const rate = options.learningRate ?? learningRate;
  requireOption(Number.isFinite(rate) && rate > 0, 'learningRate', 'a positive number', rate);
  requireNotNegative('decay', decay);
  if (clipNorm !== undefined) requireOption(clipNorm > 0, 'clipNorm', 'a positive number', clipNorm);
  for (const [name, group] of Object.entries(groups)) {
    requireNotNegative(`groups.${name}.learningRate`, group.learningRate);
    requireNotNegative(`groups.${name}.decay`, group.decay);
    if (decay === undefined && group.decay !== undefined) {
      throw new InvalidOptionError(
        `groups.${name}.decay`,
        'left out',
        group.decay,
        'This optimizer has no weight decay.',
      );
    }
  }
  return {
    learningRate: rate,
    decay: decay ?? 0,
    groups,
    options: {
      ...plain,
      learningRate: rate,
      ...(clipNorm === undefined ? {} : { clipNorm }),
      ...(options.groups === undefined ? {} : { groups }),
    },
    ...(schedule === undefined ? {} : { schedule }),
    ...(clipNorm === undefined ? {} : { clipNorm }),
  };
}

function requireNotNegative(option: string, value: number | undefined): void {
  requireOption(
    value === undefined || (Number.isFinite(value) && value >= 0),
    option,
    'a number that is not negative',
    value,
  );
}

/** Refuses a number outside [0, 1). */
export function requireFraction(option: string, value: number): void {
  requireOption(value >= 0 && value < 1, option, 'at least 0 and below 1', value);
}

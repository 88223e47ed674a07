import { InvalidOptionError, requireOption } from '../errors/invalid-option-error.js';
import type { LearningRateSchedule, Optimizer } from '../spec/optimizer.js';

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

/** The part of an optimizer that comes from the common options, checked. */
export function commonOptions(options: OptimizerOptions, learningRate: number, decay = 0) {
  const rate = options.learningRate ?? learningRate;
  requireOption(Number.isFinite(rate) && rate > 0, 'learningRate', 'a positive number', rate);
  requireOption(Number.isFinite(decay) && decay >= 0, 'decay', 'a number that is not negative', decay);
  if (options.clipNorm !== undefined && !(options.clipNorm > 0)) {
    throw new InvalidOptionError('clipNorm', 'a positive number', options.clipNorm);
  }
  for (const [name, group] of Object.entries(options.groups ?? {})) {
    const groupRate = group.learningRate ?? rate;
    requireOption(groupRate >= 0, `groups.${name}.learningRate`, 'a number that is not negative', groupRate);
  }
  const { schedule, clipNorm, groups = {}, ...plain } = options;
  return {
    learningRate: rate,
    decay,
    groups,
    options: { ...plain, learningRate: rate, ...(clipNorm === undefined ? {} : { clipNorm }) },
    ...(schedule === undefined ? {} : { schedule }),
    ...(clipNorm === undefined ? {} : { clipNorm }),
  };
}

/** Refuses a number outside [0, 1). */
export function requireFraction(option: string, value: number): void {
  requireOption(value >= 0 && value < 1, option, 'at least 0 and below 1', value);
}

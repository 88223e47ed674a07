import { PolytaskError } from './polytask-error.js';

/** A loss or gradient is NaN or infinite; names task and step; code `POLYTASK_NON_FINITE`. */
export class NonFiniteError extends PolytaskError {
  readonly task: string | undefined;
  readonly step: number;

  constructor(
    what: string,
    value: number,
    task: string | undefined,
    step: number,
    advice = 'Look for NaN in the inputs or targets of this batch, lower the learning rate, or clip gradients (`clipNorm`).',
  ) {
    super(
      'POLYTASK_NON_FINITE',
      `${what}${task === undefined ? '' : ` of task \`${task}\``} is ${value} at step ${step}; it must be finite. ${advice}`,
    );
    this.task = task;
    this.step = step;
  }
}

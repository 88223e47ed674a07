import { PolytaskError } from '../errors/polytask-error.js';

/** A checkpoint that cannot be used; code `POLYTASK_CHECKPOINT`. */
export class CheckpointError extends PolytaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('POLYTASK_CHECKPOINT', message, options);
  }
}

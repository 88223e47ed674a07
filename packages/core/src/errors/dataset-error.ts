import { PolytaskError } from './polytask-error.js';

/** Data are not as they have to be: rows that do not add up, a number that is not finite, a broken file; code `POLYTASK_DATASET`. */
export class DatasetError extends PolytaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('POLYTASK_DATASET', message, options);
  }
}

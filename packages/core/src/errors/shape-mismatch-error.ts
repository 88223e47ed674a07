import { PolytaskError } from './polytask-error.js';

/** A tensor has the wrong rank or length; code `POLYTASK_SHAPE_MISMATCH`. */
export class ShapeMismatchError extends PolytaskError {
  constructor(what: string, required: readonly (number | null)[] | string, found: readonly number[], advice = '') {
    const wanted = typeof required === 'string' ? required : `[${required.map((d) => d ?? 'any').join(', ')}]`;
    super(
      'POLYTASK_SHAPE_MISMATCH',
      `${what} must have shape ${wanted}, but has shape [${found.join(', ')}].${advice === '' ? '' : ` ${advice}`}`,
    );
  }
}

import type { Description } from '../contracts/description.js';
import { PolytaskError } from '../errors/polytask-error.js';

/** Parts of a run by where they stand. */
export interface PartsOfRun {
  readonly balancing?: Description | undefined;
  readonly schedule?: Description | undefined;
  readonly auxiliary?: readonly Description[] | undefined;
  readonly observers?: readonly Description[] | undefined;
}

/** Refuses parts that go by validation data where there is none. Errors: `POLYTASK_NO_VALIDATION`. */
export function requireValidationData({ balancing, schedule, auxiliary = [], observers = [] }: PartsOfRun): void {
  const part = [balancing, schedule, ...auxiliary, ...observers].find((one) => one?.needsValidation);
  if (part !== undefined) throw noValidation(part.name);
}

/** The error for a part that asks for validation data where there is none. */
export function noValidation(part: string): PolytaskError {
  return new PolytaskError(
    'POLYTASK_NO_VALIDATION',
    `\`${part}\` needs validation data; pass \`validation\` to \`fit\`.`,
  );
}

import { PolytaskError, type ValidationScores } from '@polytask/core';

/** Scores on the validation data, for methods that go by metrics. Errors: `POLYTASK_NO_VALIDATION` where there are none. */
export function requireValidation(method: string, validation: ValidationScores | undefined): ValidationScores {
  if (validation !== undefined) return validation;
  throw new PolytaskError(
    'POLYTASK_NO_VALIDATION',
    `\`${method}\` by metric needs validation data; pass \`validation\` to \`fit\`.`,
  );
}

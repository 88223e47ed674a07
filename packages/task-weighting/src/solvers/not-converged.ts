import { PolytaskError } from '@polytask/core';

/** What a solver throws rather than give back something that is no solution. */
export function notConverged(problem: string, off: number, allowed: number): PolytaskError {
  return new PolytaskError(
    'POLYTASK_SOLVER',
    `${problem} must be solved to within ${allowed}, but after all its iterations the solver is off by ${off}. ` +
      "Look at the gradients' norms in the history; clip gradients or lower the learning rate if they grow without bound.",
  );
}

import type { Description } from '../contracts/description.js';

const marker: unique symbol = Symbol.for('polytask.blamed') as never;

/**
 * Runs code of a part and notes on the error that it throws which part it was. The innermost part counts. A run that was made
 * from a file thus knows the line of the part that failed.
 */
export function blame<Result>(part: Description, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && !(marker in error)) {
      Object.defineProperty(error, marker, { value: part, enumerable: false });
    }
    throw error;
  }
}

/** The part that {@link blame} noted on an error, whichever copy of core noted it. */
export function blamedPart(error: unknown): Description | undefined {
  return error instanceof Error ? (error as { [marker]?: Description })[marker] : undefined;
}

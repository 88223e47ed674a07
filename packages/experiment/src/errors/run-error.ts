/** A run failed for a reason from outside, such as a full disk; says how to go on once that is mended. */
export class RunError extends Error {
  readonly advice: string;

  constructor(cause: unknown, advice: string) {
    super((cause as Error).message, { cause });
    this.name = 'RunError';
    this.advice = advice;
  }
}

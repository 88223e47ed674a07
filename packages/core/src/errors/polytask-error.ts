const marker = Symbol.for('polytask.error');

/**
 * Base of every error that Polytask throws on purpose. The message says what was required, what was found and what to do;
 * `code` is stable and can be tested for.
 */
export class PolytaskError extends Error {
  readonly code: string;
  readonly [marker] = true;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }

  /** Whether `value` is such an error, whichever copy of core made it. */
  static isInstance(value: unknown): value is PolytaskError {
    return typeof value === 'object' && value !== null && marker in value;
  }
}

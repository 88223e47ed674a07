const marker = Symbol.for('polytask.error');

/**
 * Base of every error that Polytask throws on purpose. The message says what was required, what was found and what to do;
 * `code` is stable and can be tested for.
 */
export class PolytaskError extends Error {
  readonly code: string;
  readonly [marker] = true;
  /** The option of a part that is to blame, such as `head.left`; undefined where no option is. */
  readonly option?: string;
  /** The part in whose code it was thrown, the innermost one, and the function; only where there is one. */
  declare part?: {
    readonly kind: string;
    readonly name: string;
    readonly place: string;
    readonly description?: object;
  };

  constructor(code: string, message: string, options: ErrorOptions & { readonly option?: string } = {}) {
    super(message, options);
    if (options.option !== undefined) this.option = options.option;
    this.name = new.target.name;
    this.code = code;
  }

  /** Whether `value` is such an error, whichever copy of core made it. */
  static isInstance(value: unknown): value is PolytaskError {
    return typeof value === 'object' && value !== null && marker in value;
  }
}

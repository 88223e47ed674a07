import { PolytaskError } from '@polytask/core';

/** A kernel, or a use of one, that the compiler has no equivalent for. The program has to run eagerly. Code: `POLYTASK_UNSUPPORTED_KERNEL`. */
export class UnsupportedKernelError extends PolytaskError {
  readonly kernel: string;

  constructor(kernel: string, where = '') {
    super(
      'POLYTASK_UNSUPPORTED_KERNEL',
      `The compiler knows every kernel that a compiled program may use, but not \`${kernel}\`${where}. Run this program with ` +
        'eager(), or write it with other operations.',
    );
    this.kernel = kernel;
  }
}

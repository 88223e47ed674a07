import { PolytaskError } from '@polytask/core';

/** tfjs-node could not be provided; code `POLYTASK_NATIVE_INSTALL`. */
export class NativeError extends PolytaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('POLYTASK_NATIVE_INSTALL', message, options);
  }
}

/** The user stopped the installation. */
export class StoppedError extends Error {}

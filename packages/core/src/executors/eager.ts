import { defineExecutor, type Executor } from '../contracts/executor.js';
import { createEagerSession } from './eager-session.js';

/**
 * The executor that runs programs as they are written, on whatever tfjs backend is set (`tf.setBackend`). It works everywhere
 * and is what every other executor is compared with.
 *
 * @example
 * ```ts
 * import { eager } from '@polytask/core';
 *
 * const executor = eager();
 * console.log(executor.name); // => eager
 * ```
 */
export function eager(): Executor {
  return defineExecutor({ name: 'eager', open: (layout) => createEagerSession(layout) });
}

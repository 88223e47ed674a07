/**
 * Whether a process has this number on this machine, also one of another user. A number may belong to another process by now than
 * when it was noted.
 *
 * @param pid - A positive whole number.
 * @example
 * ```ts
 * import { processExists } from '@polytask/core/node';
 *
 * console.log(processExists(process.pid)); // => true
 * ```
 */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

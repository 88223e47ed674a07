import { readFileSync } from 'node:fs';
import { processExists } from '@polytask/core/node';

/**
 * What tells a process from others that have had its number: when the machine and the process started. Empty where the system does
 * not say; undefined where there is no such process, or one that has ended and waits for its parent to notice.
 */
export function identityOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return processExists(pid) ? '' : undefined;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // `pid (name) state ppid ...`, and a name may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : `${boot} ${fields[18]}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return processExists(pid) ? '' : undefined;
    return '';
  }
}

/** Whether the process that had this number and identity still runs; by the number alone where there is no identity to compare. */
export function isRunning(pid: number, identity: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const now = identityOf(pid);
  return now !== undefined && (identity === '' || now === '' || now === identity);
}

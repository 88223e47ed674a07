import { resolve, sep } from 'node:path';
import { isMapping, type Path } from '../config/paths.js';

/** What the system says where a name leads to something else than what is asked for, and not where the machine has failed. */
const codes: readonly unknown[] = ['EACCES', 'EEXIST', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM'];

/**
 * The option that names the file, or a folder above it, which the system would not open: that is a mistake in the configuration.
 *
 * @param config - The options, at any depth.
 * @param folder - Where relative paths in them start.
 * @returns The path of the option within `config`; undefined where the error is about no file of it.
 */
export function fileFault(error: unknown, config: unknown, folder: string): Path | undefined {
  const { code, path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (syscall === undefined || path === undefined || !codes.includes(code)) return undefined;
  const file = path;
  const found: { at: Path; length: number }[] = [];
  const look = (value: unknown, at: Path): void => {
    if (typeof value === 'string') {
      const named = resolve(folder, value);
      if (file === named || file.startsWith(`${named}${sep}`)) found.push({ at, length: named.length });
    } else if (Array.isArray(value)) {
      value.forEach((inner, index) => {
        look(inner, [...at, index]);
      });
    } else if (isMapping(value)) {
      for (const [key, inner] of Object.entries(value)) look(inner, [...at, key]);
    }
  };
  look(config, []);
  // Of two folders within each other, the inner one.
  return found.sort((a, b) => b.length - a.length)[0]?.at;
}

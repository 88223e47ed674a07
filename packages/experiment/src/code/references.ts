import { isMapping } from '../config/paths.js';
import { type CodePlaces, codePlaces, findCode } from './code-places.js';

/** Packages and files that a configuration takes parts from, at any depth: what stands before a `#`. */
export function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isMapping(value)) return [];
  const nested = Object.values(value).flatMap(referencesIn);
  const name = [value.use, value.type].find((one) => typeof one === 'string' && one.includes('#')) as
    | string
    | undefined;
  return name === undefined ? nested : [...nested, name.slice(0, name.lastIndexOf('#'))];
}

/**
 * Folders that have to be named by `--plugins` to go on with a run of a configuration without its run file; none where the working
 * folder has all that it takes parts from.
 *
 * @param code - From where its parts were loaded.
 */
export function neededPlaces(config: unknown, code: CodePlaces, cwd: string): readonly string[] {
  const without = codePlaces({ cwd });
  const missing = referencesIn(config).some((specifier) => 'reason' in findCode(specifier, without));
  return missing ? [...new Set(code.whole)] : [];
}

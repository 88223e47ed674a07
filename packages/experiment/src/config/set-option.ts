import { isMapping, type Path, showPath, showValue } from './paths.js';
import { isRefusedKey, readYamlValue } from './read-yaml.js';

/** A value that the command line puts into the configuration. */
export interface SetOption {
  /** The option as it was written, such as `--set seed=3`: where its mistakes are. */
  readonly where: string;
  readonly path: Path;
  /** null takes the key out. */
  readonly value: unknown;
}

/** Reads `key=value`: the key a path such as `tasks.0.classes` or `tasks[0].classes`, the value YAML. */
export function parseSetOption(text: string): SetOption | { readonly where: string; readonly problem: string } {
  const where = `--set ${text}`;
  const at = text.indexOf('=');
  if (at <= 0) return { where, problem: 'found no `=`; write `--set key=value`, such as `--set training.epochs=5`' };
  const keys = text
    .slice(0, at)
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.');
  const empty = keys.some((key) => key.trim() === '');
  if (empty)
    return { where, problem: 'the key has an empty part; write it like `training.epochs` or `tasks.0.classes`' };
  const refused = keys.find(isRefusedKey);
  if (refused !== undefined) return { where, problem: `the key \`${refused}\` is not allowed` };
  const read = readYamlValue(text.slice(at + 1));
  if ('problem' in read) return { where, problem: `the value is not YAML: ${read.problem}` };
  return { where, path: keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key)), value: read.value };
}

/**
 * Puts one value into a configuration, in place; mappings on the way are made where they are missing.
 *
 * @returns What is wrong, if the path leads nowhere.
 */
export function applySetOption(config: Record<string, unknown>, { path, value }: SetOption): string | undefined {
  let place: unknown = config;
  for (const [depth, key] of path.entries()) {
    const last = depth === path.length - 1;
    if (Array.isArray(place)) {
      if (typeof key !== 'number' || key >= place.length) {
        return `\`${showPath(path.slice(0, depth))}\` is a list of ${place.length}; name an entry by its number from 0`;
      }
    } else if (!isMapping(place)) {
      return `\`${showPath(path.slice(0, depth))}\` is ${showValue(place)}, which has no \`${key}\``;
    }
    const holder = place as Record<string | number, unknown>;
    if (!last) {
      if (!Object.hasOwn(holder, key) || holder[key] === null) holder[key] = {};
      place = holder[key];
    } else if (value !== null) {
      holder[key] = value;
    } else if (Array.isArray(place)) {
      return 'null takes a key out of a mapping, but not an entry out of a list; set the whole list';
    } else {
      delete holder[key];
    }
  }
  return undefined;
}

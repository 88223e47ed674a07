import { isMapping } from '../config/paths.js';
import { partAt } from './tables.js';

/**
 * A configuration with the defaults of its parts, however deep they are nested: what a run was really made with. Options that have no
 * value by themselves, but follow from the data or from other options, stay left out, and so do those of parts of which nothing is known.
 */
export function withPartDefaults<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withPartDefaults) as Value;
  if (!isMapping(value)) return value;
  const given = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withPartDefaults(inner)]));
  const defaults = Object.entries(partAt(value)?.options ?? {}).flatMap(([name, option]) =>
    option.presence === 'default' && !(name in given) ? [[name, option.default] as const] : [],
  );
  return { ...given, ...Object.fromEntries(defaults) } as Value;
}

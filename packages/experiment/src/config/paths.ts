/** Where a value stands in a configuration: keys of mappings and places in lists, from the top. */
export type Path = readonly (string | number)[];

/** A path as people write it: `tasks[1].classes`. */
export function showPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** A value as a message shows it: short, and in YAML's words. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  const json = JSON.stringify(value);
  if (json.length <= 60) return json;
  if (typeof value === 'string') return `${json.slice(0, 57)}..."`;
  return Array.isArray(value) ? `a list of ${value.length}` : 'a mapping';
}

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

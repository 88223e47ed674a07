import { PolytaskError } from './polytask-error.js';

/** An option is out of range or of the wrong type; code `POLYTASK_INVALID_OPTION`. */
export class InvalidOptionError extends PolytaskError {
  constructor(option: string, required: string, found: unknown, advice = '') {
    super(
      'POLYTASK_INVALID_OPTION',
      `Option \`${option}\` must be ${required}, but is ${show(found)}.${advice === '' ? '' : ` ${advice}`}`,
      { option },
    );
  }
}

/** Throws {@link InvalidOptionError} unless `valid`. */
export function requireOption(valid: boolean, option: string, required: string, found: unknown, advice?: string): void {
  if (!valid) throw new InvalidOptionError(option, required, found, advice);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'object' && value !== null) return showObject(value);
  return String(value);
}

/** Values of users may be large, or may hold themselves; a part is called by its name. */
function showObject(value: object): string {
  const { kind, name, specVersion } = value as Record<string, unknown>;
  if (specVersion !== undefined) return `the ${String(kind).replaceAll('-', ' ')} \`${name}\``;
  try {
    const text = JSON.stringify(value) ?? 'an object';
    return text.length <= longest ? text : `${text.slice(0, longest)}…`;
  } catch {
    return Array.isArray(value) ? 'a list' : 'an object';
  }
}

const longest = 200;

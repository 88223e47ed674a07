import { type LabelError, PolytaskError } from '@polytask/core';
import { isMapping, type Path, valueAt } from '../config/paths.js';

const places = new WeakMap<object, Path>();

/** Notes where in the configuration a part was described. */
export function rememberPlace<Part>(part: Part, path: Path): Part {
  if ((typeof part === 'object' && part !== null) || typeof part === 'function') places.set(part as object, path);
  return part;
}

/**
 * The place of an error in the configuration: that of the part whose code threw it, or of the task whose labels are wrong.
 *
 * @param tasks - Names of the tasks, in order.
 * @returns undefined for what no part of the configuration is to blame for.
 */
export function placeOf(error: unknown, tasks: readonly string[], raw: unknown): Path | undefined {
  if (!PolytaskError.isInstance(error) || error.code === 'POLYTASK_NON_FINITE') return undefined;
  const index = tasks.indexOf((error as Partial<LabelError>).task ?? '');
  const part = error.part?.description;
  const place = part === undefined ? undefined : places.get(part);
  if (place !== undefined) return [...place, ...optionPath(error, valueAt(raw, place), undefined)];
  return index >= 0 ? ['tasks', index] : undefined;
}

/** The keys of a part's configuration that its error is about, as far as they are there: an option, else its name. */
export function optionPath(error: PolytaskError, config: unknown, key: string | undefined): Path {
  const option = error.option === undefined ? [] : error.option.split(/\.|\[(\d+)\]/).filter(Boolean);
  const path: (string | number)[] = [];
  let value = config;
  for (const name of option) {
    const step = Array.isArray(value) ? Number(name) : name;
    const inner =
      isMapping(value) || Array.isArray(value) ? (value as Record<string | number, unknown>)[step] : undefined;
    if (inner === undefined) break;
    path.push(step);
    value = inner;
  }
  return path.length > 0 || key === undefined ? path : [key];
}

import { checkPart, listNames, type PartKind, PolytaskError, specVersions } from '@polytask/core';
import { didYouMean } from '../config/explain-issues.js';
import type { PartTable } from '../parts/part-table.js';
import { type CodePlaces, findCode } from './code-places.js';
import { importCode } from './import-code.js';

/** A part from elsewhere cannot be had; code `POLYTASK_PLUGIN`. */
export class PluginError extends PolytaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('POLYTASK_PLUGIN', message, options);
  }
}

/**
 * What `<package>#<export>` stands for.
 *
 * @param reference - A package, or a path, as seen from one of the places; then the name of an export.
 * @param code - From where code may be loaded.
 * @throws PluginError (`POLYTASK_PLUGIN`) where it is not there or may not be loaded, cannot be, or has no such export.
 */
export async function loadPlugin(reference: string, code: CodePlaces): Promise<unknown> {
  const at = reference.lastIndexOf('#');
  const [specifier, name] = [reference.slice(0, at), reference.slice(at + 1)];
  const found = findCode(specifier, code);
  if ('reason' in found) throw new PluginError(found.reason);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await importCode(found.file);
  } catch (error) {
    throw new PluginError(`\`${specifier}\` cannot be loaded: ${describe(error)}`, { cause: error });
  }
  if (!Object.hasOwn(module, name)) {
    const known = Object.keys(module);
    throw new PluginError(
      `\`${specifier}\` exports no \`${name}\`; it exports ${listNames(known, { plain: true })}${didYouMean(name, known)}`,
    );
  }
  return module[name];
}

/**
 * Makes a part of what was loaded: a factory is called with the options, a finished part is taken as it is.
 *
 * @param loaded - From {@link loadPlugin}.
 * @param rest - What the factory gets: its options, and what else there is to know.
 * @throws PluginError (`POLYTASK_PLUGIN`) where the factory fails or gives something else than a part of that table.
 */
export async function makePlugin(
  reference: string,
  loaded: unknown,
  table: PartTable,
  ...rest: readonly [options: object, context: object]
): Promise<unknown> {
  if (typeof loaded !== 'function') {
    requirePart(reference, loaded, table);
    if (Object.keys(rest[0]).length === 0) return loaded;
    throw new PluginError(`\`${reference}\` is a finished ${table.role} and takes no options`);
  }
  let made: unknown;
  try {
    made = await (loaded as (...rest: unknown[]) => unknown)(...rest);
  } catch (error) {
    if (PolytaskError.isInstance(error)) throw error;
    throw new PluginError(`\`${reference}\` failed: ${describe(error)}`, { cause: error });
  }
  requirePart(reference, made, table);
  return made;
}

/** Refuses what is no part of a kind that the table takes, or was written for another version of its contract. */
export function requirePart(reference: string, value: unknown, { kinds }: PartTable): void {
  const known = kinds.filter((kind): kind is PartKind => kind in specVersions);
  if (known.length === 0) return;
  try {
    checkPart(value, reference, ...known);
  } catch (error) {
    const { message } = error as Error;
    throw new PluginError(message.includes(reference) ? message : `\`${reference}\`: ${message}`, { cause: error });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

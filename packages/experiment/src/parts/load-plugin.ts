import { pathToFileURL } from 'node:url';
import { checkPart, type PartKind, PolytaskError, specVersions } from '@polytask/core';
import { didYouMean } from '../config/explain-issues.js';
import type { PartTable } from './part-table.js';
import { resolvePackage } from './resolve-package.js';

/** A part from elsewhere cannot be had; code `POLYTASK_PLUGIN`. */
export class PluginError extends PolytaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('POLYTASK_PLUGIN', message, options);
  }
}

/**
 * What `<package>#<export>` stands for.
 *
 * @param reference - The package as seen from `folder`, or a path from there; then the name of an export.
 * @throws PluginError (`POLYTASK_PLUGIN`) where the package is not installed, cannot be loaded, or has no such export.
 */
export async function loadPlugin(reference: string, folder: string): Promise<unknown> {
  const at = reference.lastIndexOf('#');
  const [specifier, name] = [reference.slice(0, at), reference.slice(at + 1)];
  const file = resolvePackage(specifier, folder);
  if (file === undefined) throw new PluginError(notThere(specifier, folder));
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new PluginError(`\`${specifier}\` cannot be loaded: ${describe(error)}`, { cause: error });
  }
  if (!Object.hasOwn(module, name)) {
    const known = Object.keys(module);
    const has = known.length === 0 ? 'nothing' : known.join(', ');
    throw new PluginError(`\`${specifier}\` exports no \`${name}\`; it exports ${has}${didYouMean(name, known)}`);
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

function notThere(specifier: string, folder: string): string {
  if (/^[./\\]|^[A-Za-z]:/.test(specifier)) return `there is no file \`${specifier}\` in ${folder}`;
  return `the package \`${specifier}\` is not installed for ${folder}. Run \`npm install ${specifier}\` there`;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

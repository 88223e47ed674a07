import { existsSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { readManifest } from '../read-manifest.js';

/** Conditions of an exports map under which `import` reads it. */
const conditions = ['node', 'import', 'module-sync', 'default'];

/** Names of packages and of what is in them, without `.`, `..`, and what a path could begin with. */
const installedName = /^(@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*(\/[^/\\]+)*$/;

/**
 * The file that `import` of a package means when it is written in a folder. Node's own resolution starts from the module that
 * asks, which is us; plugins belong to a project.
 *
 * @param specifier - `@acme/tempered`, `@acme/tempered/sub`.
 * @param folder - Where to start; it must be a place of code, see `code-places.ts`.
 * @returns The file; undefined where there is no such package.
 */
export function resolveInstalled(specifier: string, folder: string): string | undefined {
  if (!installedName.test(specifier) || specifier.split('/').some((part) => part === '.' || part === '..'))
    return undefined;
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  const subPath = ['.', ...parts.slice(name.split('/').length)].join('/');
  const home = packageFolder(name, folder);
  const target = home === undefined ? undefined : entryPoint(home, subPath);
  if (home !== undefined && target !== undefined && isFile(target)) return isInside(home, target) ? target : undefined;
  try {
    const file = createRequire(join(folder, 'package.json')).resolve(specifier);
    // Without an ending in `main`, say; or from installers without a node_modules folder (Yarn's Plug'n'Play).
    const isRight = home === undefined ? process.versions.pnp !== undefined : isInside(home, file);
    return isAbsolute(file) && isRight ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Whether there is something to load: from a pipe or a device, code would come for ever. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The folder of an installed package, looked for from a folder upwards. */
export function packageFolder(name: string, folder: string): string | undefined {
  for (let place = resolve(folder); ; place = dirname(place)) {
    const candidate = join(place, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (place === dirname(place)) return undefined;
  }
}

/** What a package says of its files leads to files of its own. */
function isInside(home: string, file: string): boolean {
  return realpathSync.native(file).startsWith(`${realpathSync.native(home)}${sep}`);
}

function entryPoint(home: string, subPath: string): string | undefined {
  const manifest = readManifest<{ exports?: unknown; main?: string }>(home);
  if (manifest.exports === undefined || manifest.exports === null) {
    return join(home, subPath === '.' ? (manifest.main ?? 'index.js') : subPath);
  }
  const target = pickTarget(entryOf(manifest.exports, subPath));
  return target?.startsWith('./') ? join(home, target) : undefined;
}

/** What an exports map has for a sub-path; patterns with `*` are passed over, as no plugin needs them. */
function entryOf(exports: unknown, subPath: string): unknown {
  const isMap = typeof exports === 'object' && exports !== null && !Array.isArray(exports);
  const bySubPath = isMap && Object.keys(exports).some((key) => key.startsWith('.'));
  if (bySubPath) return Object.hasOwn(exports, subPath) ? (exports as Record<string, unknown>)[subPath] : undefined;
  return subPath === '.' ? exports : undefined;
}

/** The first target whose conditions hold, in the order of the map. */
function pickTarget(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  if (Array.isArray(entry)) return entry.map(pickTarget).find((target) => target !== undefined);
  if (typeof entry !== 'object' || entry === null) return undefined;
  for (const [condition, target] of Object.entries(entry)) {
    const picked = conditions.includes(condition) ? pickTarget(target) : undefined;
    if (picked !== undefined) return picked;
  }
  return undefined;
}

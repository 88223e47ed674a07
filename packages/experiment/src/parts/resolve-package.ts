import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { readManifest } from '../read-manifest.js';

/** Conditions of an exports map under which `import` reads it. */
const conditions = ['node', 'import', 'module-sync', 'default'];

/**
 * The file that `import` of a package, or of a path, means when it is written in a folder. Node's own resolution starts from
 * the module that asks, which is us; plugins belong to the configuration file.
 *
 * @param specifier - `@acme/tempered`, `@acme/tempered/sub`, `./tempered.mjs` or an absolute path.
 * @param folder - Where to start.
 * @returns The file; undefined where there is no such package or path.
 */
export function resolvePackage(specifier: string, folder: string): string | undefined {
  if (/^(\.{1,2}[\\/]|[\\/]|[A-Za-z]:[\\/])/.test(specifier)) {
    const file = resolve(folder, specifier);
    return isFile(file) ? file : undefined;
  }
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  const subPath = ['.', ...parts.slice(name.split('/').length)].join('/');
  const home = packageFolder(name, folder);
  const target = home === undefined ? undefined : entryPoint(home, subPath);
  if (target !== undefined && isFile(target)) return target;
  // Installers without a node_modules folder (Yarn's Plug'n'Play) answer here.
  try {
    return createRequire(join(folder, 'package.json')).resolve(specifier);
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

import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { isMapping } from '../config/paths.js';
import { packageFolder } from '../parts/resolve-package.js';
import { readManifest } from '../read-manifest.js';

const ours = [
  '@polytask/compiler',
  '@polytask/core',
  '@polytask/data',
  '@polytask/experiment',
  '@polytask/hard-sharing',
];

const runtime = 'onnxruntime-node';

/**
 * Versions of what a run depends on: Node, tfjs, our packages, and those that the configuration takes parts from.
 *
 * @param config - The configuration.
 * @param folder - Where packages that it names are looked for.
 */
export function versionsOf(config: unknown, folder: string): Record<string, string> {
  const versions: Record<string, string> = {
    node: process.versions.node,
    '@tensorflow/tfjs': tf.version.tfjs,
  };
  const require = createRequire(import.meta.url);
  for (const name of ours) versions[name] = (require(`${name}/package.json`) as { version: string }).version;
  try {
    versions[runtime] = (require(`${runtime}/package.json`) as { version: string }).version;
  } catch {
    // It is optional.
  }
  for (const name of packagesIn(config)) {
    const home = packageFolder(name, folder);
    if (home === undefined) continue;
    const { version = 'unknown' } = readManifest<{ version?: string }>(home);
    versions[name] = version;
  }
  return versions;
}

/** Names of the packages that parts come from, at any depth. */
function packagesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(packagesIn);
  if (!isMapping(value)) return [];
  const nested = Object.values(value).flatMap(packagesIn);
  const reference = [value.use, value.type].find((name) => typeof name === 'string' && /^[^./\\][^#]*#/.test(name));
  if (reference === undefined) return nested;
  const parts = (reference as string).split('#')[0]?.split('/') ?? [];
  return [...nested, parts.slice(0, parts[0]?.startsWith('@') ? 2 : 1).join('/')];
}

import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { type CodePlaces, findPackage } from '../code/code-places.js';
import { referencesIn } from '../code/references.js';
import { readManifest } from '../read-manifest.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const runtime = 'onnxruntime-node';
const self = '@polytask/experiment';

/**
 * Versions of what a run depends on: Node, tfjs, our packages, and those that the configuration takes parts from.
 *
 * @param config - The configuration.
 * @param code - Where packages that it names are looked for.
 */
export function versionsOf(config: unknown, code: CodePlaces): Record<string, string> {
  const versions: Record<string, string> = {
    node: process.versions.node,
    '@tensorflow/tfjs': tf.version.tfjs,
  };
  const require = createRequire(import.meta.url);
  for (const name of ours(require)) versions[name] = (require(`${name}/package.json`) as { version: string }).version;
  try {
    versions[runtime] = (require(`${runtime}/package.json`) as { version: string }).version;
  } catch {
    // It is optional.
  }
  for (const name of packagesIn(config)) {
    const home = findPackage(name, code);
    if (home === undefined) continue;
    const { version = 'unknown' } = readManifest<{ version?: string }>(home);
    versions[name] = version;
  }
  return versions;
}

/** Names of this package and of those of ours that it depends on. */
function ours(require: NodeJS.Require): string[] {
  const manifest = require(`${self}/package.json`) as Manifest;
  const needed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  return [self, ...needed.filter((name) => name.startsWith('@polytask/'))].sort();
}

/** Names of the packages that parts come from. */
function packagesIn(config: unknown): string[] {
  return referencesIn(config)
    .filter((specifier) => /^[^./\\]/.test(specifier))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

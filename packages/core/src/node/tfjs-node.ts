import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { PolytaskError } from '../errors/index.js';

const packageName = '@tensorflow/tfjs-node';

/** The version of tfjs-node that fits this package's tfjs. */
export const tfjsNodeVersion = '4.22.0';

/**
 * The per-user folder for an installation that all projects share: what the guide "Backends" lets the environment say, else a folder in the
 * user's cache, with version and platform in its name. The package lies in its `node_modules`.
 */
export function tfjsNodeFolder(): string {
  const { POLYTASK_NATIVE_FOLDER: chosen = '', XDG_CACHE_HOME: xdg = '', LOCALAPPDATA: local = '' } = process.env;
  if (chosen !== '') return chosen;
  const caches: Partial<Record<NodeJS.Platform, string>> = {
    darwin: join(homedir(), 'Library', 'Caches'),
    win32: local === '' ? join(homedir(), 'AppData', 'Local') : local,
  };
  const cache = caches[process.platform] ?? (xdg === '' ? join(homedir(), '.cache') : xdg);
  return join(cache, 'polytask', `tfjs-node-${tfjsNodeVersion}-${process.platform}-${process.arch}`);
}

/**
 * The folder of an installed `@tensorflow/tfjs-node`: the first that has its native part, else the first that is there at all.
 *
 * @param folders - Where to look, each with all folders above it; {@link tfjsNodeFolder} comes last.
 * @returns undefined where there is none.
 */
export function findTfjsNode(folders: readonly string[] = [process.cwd()]): string | undefined {
  const found = [...folders, tfjsNodeFolder()].flatMap((folder) => {
    try {
      return [dirname(createRequire(join(folder, 'package.json')).resolve(`${packageName}/package.json`))];
    } catch {
      return [];
    }
  });
  return found.find(hasNativePart) ?? found[0];
}

/** Whether the package in a folder has its native part; without it, it cannot be loaded. */
function hasNativePart(folder: string): boolean {
  const lib = join(folder, 'lib');
  return existsSync(lib) && readdirSync(lib).some((name) => existsSync(join(lib, name, 'tfjs_binding.node')));
}

/**
 * Loads `@tensorflow/tfjs-node` and makes TensorFlow's C library the tfjs backend that computes from now on, under the name
 * `tensorflow`. It has every kernel that training needs. Once per process is enough; how many threads it takes is what
 * `TF_NUM_INTRAOP_THREADS` says at that moment.
 *
 * @param options.folders - Where the package is looked for, before {@link tfjsNodeFolder}. Default: the working folder.
 * @returns The package's folder.
 * @throws `POLYTASK_PACKAGE_MISSING` where it is not installed; `POLYTASK_PACKAGE_FAILED` where it does not load.
 */
export async function useTfjsNode(options: { readonly folders?: readonly string[] } = {}): Promise<string> {
  const folder = findTfjsNode(options.folders);
  if (folder === undefined) {
    const message = `The package ${packageName} is not installed. Add it by \`npm install ${packageName}@${tfjsNodeVersion}\`.`;
    throw new PolytaskError('POLYTASK_PACKAGE_MISSING', message);
  }
  restoreUtil();
  // What TensorFlow says about processors and its own start is not for users of this process.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // It brings a tfjs of its own, which shares our engine; what that registers a second time is no news.
  const production = tf.env().getBool('PROD');
  tf.env().set('PROD', true);
  try {
    const file = createRequire(join(folder, 'package.json')).resolve(folder);
    await import(pathToFileURL(file).href);
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw new PolytaskError(
      'POLYTASK_PACKAGE_FAILED',
      `${packageName} in ${folder} cannot be loaded: ${reason} Its native part has to fit this system and this version of Node; install it again.`,
      { cause: error },
    );
  } finally {
    tf.env().set('PROD', production);
  }
  if (!(await tf.setBackend('tensorflow').catch(() => false))) {
    throw new PolytaskError('POLYTASK_PACKAGE_FAILED', `${packageName} in ${folder} did not start its backend.`);
  }
  return folder;
}

/** tfjs-node 4.22 calls functions of node:util that Node 23 has taken out, and that Node 22 warns of. */
function restoreUtil(): void {
  Object.assign(util, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
}

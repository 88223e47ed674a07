import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { resolvePackage } from '../build/resolve-package.js';

/** A tfjs backend by the name that configurations have for it. */
export type BackendName = 'wasm' | 'cpu' | 'node';

/** A backend cannot be had on this machine. */
export class BackendError extends Error {}

/**
 * Makes a backend the one that computes from now on.
 *
 * @param folder - Where packages that come with the user's project are looked for.
 * @throws BackendError where it is not installed or does not start.
 */
export async function useBackend(name: BackendName, folder: string): Promise<void> {
  // Checks of every number for NaN, and advice to install something, are not for a program's users.
  tf.enableProdMode();
  await backends[name](folder);
}

const backends: Readonly<Record<BackendName, (folder: string) => Promise<void>>> = {
  cpu: () => start('cpu'),
  async wasm() {
    await import('@tensorflow/tfjs-backend-wasm');
    await start('wasm');
  },
  async node(folder) {
    const file = resolvePackage(nativePackage, folder) ?? resolvePackage(nativePackage, process.cwd());
    if (file === undefined) {
      throw new BackendError(`the package ${nativePackage} is not installed. Run \`npm install ${nativePackage}\``);
    }
    await restoreUtil();
    try {
      await import(pathToFileURL(file).href);
    } catch (error) {
      throw new BackendError(`${nativePackage} cannot be loaded: ${(error as Error).message}`, { cause: error });
    }
    await start('tensorflow');
  },
};

const nativePackage = '@tensorflow/tfjs-node';

async function start(backend: string): Promise<void> {
  const started = await tf.setBackend(backend).catch(() => false);
  if (!started) throw new BackendError(`tfjs could not start its backend \`${backend}\` on this machine`);
  await tf.ready();
}

/** tfjs-node 4.22 calls functions of node:util that Node 23 has taken out. */
async function restoreUtil(): Promise<void> {
  const util = (await import('node:util')).default as unknown as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

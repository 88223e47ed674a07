import { useTfjsNode } from '@polytask/core/node';
import * as tf from '@tensorflow/tfjs';
import { type CodePlaces, noCode } from '../code/code-places.js';

/** A tfjs backend by the name that configurations have for it. */
export type BackendName = 'wasm' | 'cpu' | 'node';

/** A backend cannot be had on this machine. */
export class BackendError extends Error {}

/**
 * Makes a backend the one that computes from now on.
 *
 * @param code - Where packages that come with the user's project are looked for. Default: nowhere.
 * @throws BackendError where it is not installed or does not start.
 */
export async function useBackend(name: BackendName, code: CodePlaces = noCode): Promise<void> {
  // Checks of every number for NaN, and advice to install something, are not for a program's users.
  tf.enableProdMode();
  await backends[name](code);
}

const backends: Readonly<Record<BackendName, (code: CodePlaces) => Promise<void>>> = {
  cpu: () => start('cpu'),
  async wasm() {
    await import('@tensorflow/tfjs-backend-wasm');
    await start('wasm');
  },
  async node({ folders }) {
    try {
      await useTfjsNode({ folders });
    } catch (error) {
      const help = '`polytask native install` provides it for every project; `polytask doctor` looks closer.';
      throw new BackendError(`${(error as Error).message} ${help}`, { cause: error });
    }
  },
};

async function start(backend: string): Promise<void> {
  const started = await tf.setBackend(backend).catch(() => false);
  if (!started) throw new BackendError(`tfjs could not start its backend \`${backend}\` on this machine`);
  await tf.ready();
}

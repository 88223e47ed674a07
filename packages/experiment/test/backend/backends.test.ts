import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { BackendError, useBackend } from '../../src/backend/backends.js';
import { codePlaces } from '../../src/code/code-places.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('useBackend', () => {
  it('starts the backends that are there', async () => {
    await useBackend('wasm');
    expect(tf.getBackend()).toBe('wasm');
    expect((await tf.add(1, 2).data())[0]).toBe(3);
    await useBackend('cpu');
    expect(tf.getBackend()).toBe('cpu');
  });

  it('says how to get the native one, or why it cannot be loaded', async () => {
    vi.stubEnv('POLYTASK_NATIVE_FOLDER', folderWith());
    await expect(useBackend('node', codePlaces({ cwd: folderWith() }))).rejects.toThrow(
      /not installed\. .*`polytask native install`/,
    );
    const home = 'node_modules/@tensorflow/tfjs-node';
    const broken = folderWith({
      [`${home}/package.json`]: '{ "main": "index.js" }',
      [`${home}/index.js`]: 'throw new Error("no such binary");',
    });
    const loading = useBackend('node', codePlaces({ cwd: broken }));
    await expect(loading).rejects.toThrow(BackendError);
    await expect(loading).rejects.toThrow(/cannot be loaded: no such binary/);
  });

  it('takes the native one from where code may be loaded', async () => {
    const home = 'node_modules/@tensorflow/tfjs-node';
    vi.stubEnv('POLYTASK_NATIVE_FOLDER', folderWith());
    const folder = folderWith({
      [`${home}/package.json`]: '{ "main": "index.js" }',
      [`${home}/index.js`]: 'globalThis.nativeBackendLoaded = require("node:util").isNullOrUndefined(undefined);',
    });
    // It registers no backend `tensorflow`, so that none can be started.
    await expect(useBackend('node', codePlaces({ cwd: folder }))).rejects.toThrow(/did not start its backend/);
    expect((globalThis as { nativeBackendLoaded?: boolean }).nativeBackendLoaded).toBe(true);
    await tf.setBackend('cpu');
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTfjsNode, tfjsNodeFolder, tfjsNodeVersion, useTfjsNode } from '@polytask/core/node';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polytask-tfjs-node-'));
  vi.stubEnv('POLYTASK_NATIVE_FOLDER', join(folder, 'user'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A package of that name, with or without a native part, whose code is `code`. */
async function install(place: string, code: string, native: boolean): Promise<string> {
  const home = join(folder, place, 'node_modules/@tensorflow/tfjs-node');
  await mkdir(join(home, 'lib/napi-v8'), { recursive: true });
  await writeFile(join(home, 'package.json'), '{ "name": "@tensorflow/tfjs-node", "main": "index.js" }');
  await writeFile(join(home, 'index.js'), code);
  if (native) await writeFile(join(home, 'lib/napi-v8/tfjs_binding.node'), '');
  return home;
}

describe('tfjsNodeFolder', () => {
  it('is what the environment says, else a folder of the user that names version and platform', () => {
    expect(tfjsNodeFolder()).toBe(join(folder, 'user'));
    vi.stubEnv('POLYTASK_NATIVE_FOLDER', '');
    vi.stubEnv('XDG_CACHE_HOME', '');
    expect(tfjsNodeFolder().startsWith(homedir())).toBe(true);
    expect(tfjsNodeFolder()).toContain(`tfjs-node-${tfjsNodeVersion}-${process.platform}-${process.arch}`);
  });
});

describe('findTfjsNode', () => {
  it('looks in the given folders and above them, then in the folder of the user', async () => {
    expect(findTfjsNode([folder])).toBeUndefined();
    const user = await install('user', '', true);
    expect(findTfjsNode([folder])).toBe(user);
    const project = await install('project', '', true);
    await mkdir(join(folder, 'project/runs'));
    expect(findTfjsNode([join(folder, 'project/runs')])).toBe(project);
  });

  it('prefers one with a native part, wherever it is', async () => {
    const project = await install('project', '', false);
    expect(findTfjsNode([join(folder, 'project')])).toBe(project);
    const user = await install('user', '', true);
    expect(findTfjsNode([join(folder, 'project')])).toBe(user);
  });
});

describe('useTfjsNode', () => {
  it('says how to get it', async () => {
    await expect(useTfjsNode({ folders: [folder] })).rejects.toMatchObject({
      code: 'POLYTASK_PACKAGE_MISSING',
      message: expect.stringContaining('npm install @tensorflow/tfjs-node@4.22.0'),
    });
  });

  it('says why it does not load', async () => {
    const home = await install('project', 'throw new Error("libtensorflow.so is missing\\nand more");', true);
    await expect(useTfjsNode({ folders: [join(folder, 'project')] })).rejects.toMatchObject({
      code: 'POLYTASK_PACKAGE_FAILED',
      message: expect.stringContaining(`${home} cannot be loaded: libtensorflow.so is missing `),
    });
  });

  it('puts back what Node 23 took out of node:util, and leaves the mode of tfjs as it was', async () => {
    const code = `
      const { isArray, isNullOrUndefined } = require('node:util');
      const answers = [undefined, null, 0, ''].map(isNullOrUndefined);
      if (answers.join() !== 'true,true,false,false' || !isArray([])) throw new Error('node:util lacks them');`;
    await install('project', code, true);
    const production = tf.env().getBool('PROD');
    // It loads, but registers no backend.
    if (tf.findBackend('tensorflow') === null) {
      await expect(useTfjsNode({ folders: [join(folder, 'project')] })).rejects.toThrow(/did not start its backend/);
    } else await useTfjsNode({ folders: [join(folder, 'project')] });
    expect(tf.env().getBool('PROD')).toBe(production);
  });
});

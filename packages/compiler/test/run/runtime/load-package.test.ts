import { expect, test } from 'vitest';
import { loadPackage } from '../../../src/run/runtime/load-package.js';

test('gives what was loaded', async () => {
  expect(await loadPackage('it', async () => 7)).toBe(7);
});

test('says what to install where a package is missing', async () => {
  const name: string = 'onnxruntime-of-nobody';
  await expect(loadPackage(name, () => import(/* @vite-ignore */ name))).rejects.toMatchObject({
    code: 'POLYTASK_PACKAGE_MISSING',
    message: expect.stringContaining('Run `npm install onnxruntime-of-nobody@1.30.0`, or use the executor `eager()`.'),
  });
});

test('mentions the variable that skips the install script', async () => {
  const missing = Object.assign(new Error("Cannot find package 'onnxruntime-node' imported from here"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  await expect(loadPackage('onnxruntime-node', () => Promise.reject(missing))).rejects.toMatchObject({
    code: 'POLYTASK_PACKAGE_MISSING',
    message: expect.stringContaining('ONNXRUNTIME_NODE_INSTALL=skip'),
    cause: missing,
  });
});

test('says why a package that is there cannot be loaded', async () => {
  const missing = Object.assign(
    new Error("Cannot find module '../bin/napi-v6/linux/riscv64/onnxruntime_binding.node'"),
    {
      code: 'MODULE_NOT_FOUND',
    },
  );
  await expect(loadPackage('onnxruntime-node', () => Promise.reject(missing))).rejects.toMatchObject({
    code: 'POLYTASK_PACKAGE_FAILED',
    message: expect.stringContaining('riscv64'),
  });
});

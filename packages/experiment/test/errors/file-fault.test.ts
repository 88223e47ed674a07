import { sep } from 'node:path';
import { expect, it } from 'vitest';
import { fileFault } from '../../src/errors/file-fault.js';

const config = { source: { a: ['x.csv', 'folder'], b: 'folder/inner' }, cache: '/elsewhere', rows: 3 };
const at = (path: string, code = 'EACCES', syscall: string | undefined = 'open') =>
  fileFault(Object.assign(new Error(code), { code, path, ...(syscall && { syscall }) }), config, `${sep}home`);

it('finds the option that names the file, or the nearest folder above it', () => {
  expect(at('/home/x.csv')).toEqual(['source', 'a', 0]);
  expect(at('/home/folder/y.csv', 'EISDIR')).toEqual(['source', 'a', 1]);
  expect(at('/home/folder/inner/y.csv', 'ENOTDIR')).toEqual(['source', 'b']);
  expect(at('/elsewhere', 'EEXIST', 'mkdir')).toEqual(['cache']);
});

it('blames nobody for another file, for the machine, or for what is no error of the system', () => {
  expect(at('/home/x.csv.gz')).toBeUndefined();
  expect(at('/home/folders')).toBeUndefined();
  for (const code of ['ENOSPC', 'EIO', 'EMFILE', 'EROFS']) expect(at('/home/x.csv', code)).toBeUndefined();
  expect(at('/home/x.csv', 'EACCES', '')).toBeUndefined();
  expect(fileFault(undefined, config, '/')).toBeUndefined();
});

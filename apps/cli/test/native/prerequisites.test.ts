import { describe, expect, it } from 'vitest';
import { findTools, type Machine, requireSpace } from '../../src/native/prerequisites.js';

/** A machine that has these programs. */
const machine = (programs: readonly string[], changes: Partial<Machine> = {}): Machine => ({
  platform: 'linux',
  arch: 'x64',
  glibc: '2.36',
  starts: async (command) => programs.includes(command),
  ...changes,
});

describe('findTools', () => {
  it('takes what there is', async () => {
    expect(await findTools(machine(['python', 'clang++', 'make']), {})).toEqual({ python: 'python' });
    expect(await findTools(machine(['python3', 'python', 'icpx', 'gmake']), { CXX: 'icpx', MAKE: 'gmake' })).toEqual({
      python: 'python3',
    });
  });

  it('names all that is missing at once, and how to get it', async () => {
    const finding = findTools(machine([]), {});
    await expect(finding).rejects.toMatchObject({ code: 'POLYTASK_NATIVE_INSTALL' });
    await expect(finding).rejects.toThrow(
      /Python 3 with pip.*\n.*C\+\+ compiler; tried g\+\+, c\+\+, clang\+\+.*\n.*make/,
    );
    await expect(findTools(machine(['python3', 'make']), { CXX: 'icpx' })).rejects.toThrow(
      /here:\n {2}- a C\+\+ compiler; tried icpx .*\nInstall/,
    );
  });

  it.each([
    [{ platform: 'darwin' }, /this is darwin x64\./],
    [{ arch: 'arm64' }, /this is linux arm64, glibc 2\.36\./],
    [{ glibc: '2.17' }, /this is linux x64, glibc 2\.17\./],
    [{ glibc: undefined }, /this is linux x64, no glibc\./],
  ])('says where there is no other way: %j', async (changes, message) => {
    await expect(findTools(machine(['python3', 'g++', 'make'], changes), {})).rejects.toThrow(message);
  });
});

describe('requireSpace', () => {
  it('refuses a disk that is too full', async () => {
    await requireSpace('/', 1e9, async () => 1e9);
    await expect(requireSpace('/home', 2.5e9, async () => 1.2e9)).rejects.toThrow(
      /2\.5 GB of disk are needed in \/home, but 1\.2 GB are free/,
    );
  });
});

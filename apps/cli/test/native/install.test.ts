import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import type { ProbeResult } from '../../src/doctor/probe.js';
import { installNative, removeNative } from '../../src/native/install.js';
import type { Machine } from '../../src/native/prerequisites.js';
import { createStep } from '../../src/native/step.js';
import { fakeIo } from '../helpers/fake-io.js';

const works: ProbeResult = { works: true, versions: { TensorFlow: '2.9.1' } };
const fails: ProbeResult = { works: false, versions: {}, reason: 'no such library' };

const bare: Machine = { platform: 'linux', arch: 'x64', glibc: '2.36', starts: async () => false };

/** The package's script where its host can be reached, and where it cannot. */
const reached = "require('node:fs').mkdirSync('lib');";
const unreached = "require('node:fs').mkdirSync('deps'); throw new Error('getaddrinfo ENOTFOUND example.org');";

/** Installs with an npm that brings a package whose own script is this one. */
function prepare(script: string) {
  const folder = folderWith();
  vi.stubEnv('POLYTASK_NATIVE_FOLDER', join(folder, 'native'));
  const npm = join(folder, 'npm');
  const home = 'node_modules/@tensorflow/tfjs-node';
  writeFileSync(
    npm,
    `#!/usr/bin/env node
    const { mkdirSync, writeFileSync } = require('node:fs');
    mkdirSync('${home}/scripts', { recursive: true });
    writeFileSync('${home}/package.json', '{}');
    writeFileSync('${home}/scripts/install.js', ${JSON.stringify(script)});`,
  );
  chmodSync(npm, 0o755);
  const target = join(folder, 'native');
  const controller = new AbortController();
  const { io, stderr } = fakeIo(folder, controller.signal);
  const install = (probe: (folder: string) => Promise<ProbeResult>, force = false) =>
    installNative({ step: createStep(io, false), machine: bare, probe, force, npm });
  return {
    folder,
    target,
    install,
    controller,
    stderr,
    left: () => readdirSync(folder).filter((name) => name !== 'npm'),
  };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

// The stand-in for npm is a script with a first line that only these systems read.
describe.skipIf(process.platform === 'win32')('installNative', () => {
  it('takes what the package downloads itself, tries it, and only then gives it its name', async () => {
    const { install, target, left } = prepare(reached);
    const tried: string[] = [];
    const installed = await install(async (folder) => {
      tried.push(folder);
      expect(existsSync(target)).toBe(false);
      return works;
    });
    expect(installed).toEqual({ folder: target, from: 'package', versions: works.versions });
    expect(tried).toEqual([expect.stringMatching(/native\.\d+\.tmp$/)]);
    expect(left()).toEqual(['native']);
    expect(existsSync(join(target, 'node_modules/@tensorflow/tfjs-node/lib'))).toBe(true);
  });

  it('leaves alone what is there and works; builds it again if it does not, or by force', async () => {
    const { install, target, left } = prepare(reached);
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), '');
    expect(await install(async () => works)).toMatchObject({ from: 'there' });
    expect(existsSync(join(target, 'mine'))).toBe(true);
    expect(await install(async () => works, true)).toMatchObject({ from: 'package' });
    expect(existsSync(join(target, 'mine'))).toBe(false);
    writeFileSync(join(target, 'mine'), '');
    expect(await install(async (folder) => (folder === target ? fails : works))).toMatchObject({ from: 'package' });
    expect(left()).toEqual(['native']);
  });

  it('leaves nothing, and the old one as it was, where the new one does not work', async () => {
    const { install, target, left } = prepare(reached);
    await expect(install(async () => fails)).rejects.toThrow('does not work: no such library');
    expect(left()).toEqual([]);
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), 'old');
    await expect(install(async () => fails)).rejects.toThrow('no such library');
    expect(left()).toEqual(['native']);
    expect(readFileSync(join(target, 'mine'), 'utf8')).toBe('old');
  });

  it('goes the other way where the host is not reached, and says what is missing for it', async () => {
    const { install, stderr, left } = prepare(unreached);
    await expect(install(async () => works)).rejects.toMatchObject({
      code: 'POLYTASK_NATIVE_INSTALL',
      message: expect.stringContaining('Python 3 with pip'),
    });
    expect(stderr.text()).toContain(
      'That failed (Error: getaddrinfo ENOTFOUND example.org); taking it from the Python wheel',
    );
    expect(left()).toEqual([]);
  });

  it('says what npm said', async () => {
    const { install, folder, left } = prepare(reached);
    writeFileSync(join(folder, 'npm'), '#!/usr/bin/env node\nconsole.error("E404 no such package"); process.exit(1);');
    await expect(install(async () => works)).rejects.toThrow(/npm could not install .*:\n {2}E404 no such package\n/);
    expect(left()).toEqual([]);
  });

  it('leaves nothing when it is stopped, and takes away what was left by one that was killed', async () => {
    const { install, controller, target, left } = prepare(reached);
    // No process has this number: it is above what Linux and macOS give.
    mkdirSync(`${target}.99999999.tmp/node_modules`, { recursive: true });
    mkdirSync(`${target}.${process.ppid}.tmp`);
    const stopped = install(async () => {
      controller.abort();
      return works;
    });
    await expect(stopped).rejects.toThrow();
    expect(left()).toEqual([`native.${process.ppid}.tmp`]);
  });
});

describe('removeNative', () => {
  it('takes away what is there', async () => {
    const target = join(folderWith({ 'native/file': '' }), 'native');
    vi.stubEnv('POLYTASK_NATIVE_FOLDER', target);
    expect(await removeNative()).toBe(true);
    expect(readdirSync(dirname(target))).toEqual([]);
    expect(await removeNative()).toBe(false);
  });
});

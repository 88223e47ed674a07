// Probes run in processes of their own, so this is about the built program.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPackages } from '../../../../scripts/packages.mjs';
import { folderWith } from '../../../../test/support/folder.js';
import type { Diagnosis } from '../../src/doctor/examine.js';

const main = join(import.meta.dirname, '../../dist/main.js');

beforeAll(() => buildPackages(), 300_000);

/** Runs the program in a project whose tfjs-node has this code, or that has none. */
function run(args: readonly string[], code?: string) {
  const home = 'node_modules/@tensorflow/tfjs-node';
  const files = { [`${home}/package.json`]: '{ "main": "index.js" }', [`${home}/index.js`]: code ?? '' };
  const cwd = folderWith(code === undefined ? {} : files);
  const env = { ...process.env, POLYTASK_NATIVE_FOLDER: join(cwd, 'native'), NODE_OPTIONS: '' };
  return spawnSync(process.execPath, [main, ...args], { cwd, env, encoding: 'utf8' });
}

describe('polytask doctor', () => {
  it('tries all there is, and does not mind what need not be there', () => {
    const { status, stdout } = run(['doctor', '--json']);
    const { healthy, auto, findings, machine } = JSON.parse(stdout) as Diagnosis;
    expect([status, healthy, auto]).toEqual([0, true, 'compiled']);
    expect(machine.node).toBe(process.versions.node);
    for (const { name, works, megabytes, versions, expected } of findings.filter((finding) => finding.expected)) {
      expect({ name, works, expected }).toEqual({ name, works: true, expected: true });
      expect(megabytes).toBeGreaterThan(20);
      expect(Object.values(versions).every((version) => /^v?\d+\.\d+/.test(version))).toBe(true);
    }
    expect(findings.find(({ name }) => name === 'node')).toMatchObject({ works: false, missing: true });
  });

  it('outlives native code that crashes, and says so', () => {
    const { status, stdout } = run(['doctor'], 'process.kill(process.pid, "SIGSEGV"); while (true);');
    expect(status).toBe(1);
    expect(stdout).toMatch(/FAILS {3}node .*\n.*crashed \(SIGSEGV\).*\n.*Run `polytask native install`\./);
    expect(stdout).toContain('`backend: auto` takes compiled here.');
  });
});

describe('polytask native status', () => {
  it('ends with 1 where there is none, and says what to do', () => {
    const { status, stdout } = run(['native', 'status']);
    expect([status, stdout]).toEqual([1, expect.stringContaining('`polytask native install` provides it')]);
  });
});

import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { makeFolder, processExists, tfjsNodeFolder, tfjsNodeVersion } from '@polytask/core/node';
import type { ProbeResult } from '../doctor/probe.js';
import { buildBinding } from './build-binding.js';
import { NativeError } from './native-error.js';
import { findTools, type Machine, requireSpace } from './prerequisites.js';
import { requireSuccess, runTool } from './run-tool.js';
import type { Step } from './step.js';
import { takeLibrary } from './wheel.js';

/** What {@link installNative} needs; tests give their own. */
export interface Installation {
  readonly step: Step;
  readonly machine: Machine;
  /** Whether tfjs-node in a folder loads and trains; tried in a process of its own. */
  readonly probe: (folder: string) => Promise<ProbeResult>;
  /** Build it again even if it works. */
  readonly force: boolean;
  /** The npm to use. */
  readonly npm?: string;
}

/** Where tfjs-node is now, and how it came there. */
export interface Installed {
  readonly folder: string;
  /** `there`: it was installed before; `package`: its own download; `wheel`: the library of the Python wheel. */
  readonly from: 'there' | 'package' | 'wheel';
  readonly versions: ProbeResult['versions'];
}

const packageName = '@tensorflow/tfjs-node';

/** 1.2 GB stay; the wheel and objects of the compiler come on top. */
const neededBytes = 2.5e9;

/** How long the package's own script may take: it downloads 100 MB, and knows no limit itself. */
const ownWayLimit = 600_000;

/**
 * Provides tfjs-node in the folder of the user: made in a folder beside it, tried, then renamed, so that it is either there and
 * works, or not at all.
 *
 * @throws NativeError that says what is missing or failed; StoppedError where the user stopped it. Nothing is left of it.
 */
export async function installNative({ step, machine, probe, force, npm = 'npm' }: Installation): Promise<Installed> {
  const target = tfjsNodeFolder();
  if (!force && existsSync(target)) {
    const there = await probe(target);
    if (there.works) return { folder: target, from: 'there', versions: there.versions };
    step.note(`What is in ${target} does not work (${there.reason}); it is built anew.`);
  }
  await makeFolder(dirname(target));
  await removeRemains(target);
  await requireSpace(dirname(target), neededBytes);
  const staging = `${target}.${process.pid}.tmp`;
  await mkdir(staging);
  try {
    const from = await fill(staging, { step, machine, npm });
    const result = await step.timed('Trying it', () => probe(staging));
    if (!result.works) throw new NativeError(`tfjs-node was built but does not work: ${result.reason}`);
    await replace(target, staging);
    return { folder: target, from, versions: result.versions };
  } finally {
    await rm(staging, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Takes away what was installed; false where there was nothing. */
export async function removeNative(): Promise<boolean> {
  const target = tfjsNodeFolder();
  await removeRemains(target);
  if (!existsSync(target)) return false;
  // Under its name it is there as a whole or not at all.
  const away = `${target}.${process.pid}.tmp`;
  await rename(target, away);
  await rm(away, { recursive: true, force: true });
  return true;
}

async function fill(
  staging: string,
  { step, machine, npm }: Pick<Installation, 'step' | 'machine'> & { readonly npm: string },
): Promise<'package' | 'wheel'> {
  const { signal } = step;
  const manifest = { private: true, dependencies: { [packageName]: tfjsNodeVersion } };
  await writeFile(join(staging, 'package.json'), JSON.stringify(manifest));
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const label = `Installing ${packageName} ${tfjsNodeVersion}`;
  const installed = await step.timed(label, () => runTool({ command: npm, args: install, cwd: staging, signal }));
  requireSuccess(installed, `npm could not install ${packageName}`, 'Let this machine reach the npm registry.');

  const home = join(staging, 'node_modules', packageName);
  const original = join(staging, 'package.json.original');
  await copyFile(join(home, 'package.json'), original);
  const PATH = [join(staging, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const script = { command: process.execPath, args: ['scripts/install.js'], cwd: home, env: { PATH }, signal };
  const own = await step.timed("Downloading TensorFlow's library as the package does", () =>
    runTool({ ...script, timeout: ownWayLimit }),
  );
  if (own.code === 0 && existsSync(join(home, 'lib'))) return 'package';
  const why = own.problem ?? /^\w*Error: .*$/m.exec(own.tail)?.[0] ?? `exit code ${own.code}`;
  step.note(`  That failed (${why}); taking it from the Python wheel instead.`);
  // The script changes its package's manifest for a while, and leaves what it has begun.
  await copyFile(original, join(home, 'package.json'));
  for (const remains of ['deps', 'lib', 'build']) await rm(join(home, remains), { recursive: true, force: true });
  const { python } = await findTools(machine);
  const work = join(staging, 'work');
  await takeLibrary(python, home, work, step);
  await buildBinding(home, npm, step);
  await rm(work, { recursive: true, force: true });
  return 'wheel';
}

/** Puts the new folder in the place of the old one. */
async function replace(target: string, staging: string): Promise<void> {
  const old = `${target}.${process.pid}.old.tmp`;
  if (existsSync(target)) await rename(target, old);
  await rename(staging, target);
  await rm(old, { recursive: true, force: true });
}

/** Removes what installations left that were killed; those that still run keep theirs. */
async function removeRemains(target: string): Promise<void> {
  const home = dirname(target);
  const name = basename(target);
  for (const entry of await readdir(home).catch(() => [])) {
    const pid =
      entry.startsWith(`${name}.`) && entry.endsWith('.tmp') ? Number(entry.slice(name.length + 1).split('.')[0]) : 0;
    if (pid > 0 && !processExists(pid)) await rm(join(home, entry), { recursive: true, force: true });
  }
}

// The published packages: which there are, how one is built when its dist is stale, how one is packed.
//   node scripts/packages.mjs [--no-dts] [package name]...     builds what is missing or older than its sources
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isProgram, root, run, runPnpm } from './run.mjs';

/**
 * @typedef {object} Manifest the fields of a package.json that the scripts and the tests read
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {Record<string, string | Record<string, string>>} exports
 * @property {Record<string, string>} [bin]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 *
 * @typedef {{ name: string, folder: string, manifest: Manifest }} Package
 */

/** @returns {Package[]} every package that is published */
export function publicPackages() {
  return ['packages', 'apps']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }));
}

/** @param {string} folder */
function lastChange(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(0, ...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs));
}

/**
 * The built files that a package promises in its manifest.
 * @param {Package} package_
 * @param {boolean} dts
 */
function promisedFiles({ folder, manifest }, dts) {
  /** @type {(value: unknown) => string[]} */
  const leaves = (value) => (typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(leaves));
  return [...leaves(manifest.exports), ...leaves(manifest.bin)]
    .filter((file) => file.startsWith('./dist/') && (dts || !file.endsWith('.d.ts')))
    .map((file) => join(folder, file));
}

/**
 * @param {Package} package_
 * @param {boolean} dts
 */
function isStale(package_, dts) {
  const files = promisedFiles(package_, dts);
  if (files.some((file) => !existsSync(file))) return true;
  const built = Math.min(...files.map((file) => statSync(file).mtimeMs));
  const settings = ['package.json', 'tsup.config.ts'].map((file) => statSync(join(package_.folder, file)).mtimeMs);
  return Math.max(lastChange(join(package_.folder, 'src')), ...settings) > built;
}

/**
 * Two test files may ask for a build at the same time, and a build first removes the old dist.
 * @param {() => Promise<void>} body
 */
async function withBuildLock(body) {
  const lock = join(root, '.cache', 'build.lock');
  mkdirSync(join(root, '.cache'), { recursive: true });
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (Date.now() > deadline) throw new Error(`A build has held ${lock} for two minutes. If none runs, remove it.`);
      await sleep(200);
    }
  }
  try {
    await body();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/**
 * Builds the packages whose dist is missing or older than their sources: libraries first, since an app's JSON Schema is made of what
 * they say of their parts.
 * @param {{ names?: string[], dts?: boolean }} [options] all packages with declaration files, unless told
 */
export async function buildPackages({ names = [], dts = true } = {}) {
  const wanted = publicPackages().filter(({ name }) => names.length === 0 || names.includes(name));
  const isApp = (/** @type {Package} */ { folder }) => folder.startsWith(join(root, 'apps'));
  await withBuildLock(async () => {
    const libraries = wanted.filter((package_) => !isApp(package_) && isStale(package_, dts));
    await buildAll(libraries, dts);
    const apps = wanted.filter((package_) => isApp(package_) && (libraries.length > 0 || isStale(package_, dts)));
    await buildAll(apps, dts);
  });
}

/**
 * @param {Package[]} packages
 * @param {boolean} dts
 */
async function buildAll(packages, dts) {
  const codes = await Promise.all(
    packages.map(({ folder }) => {
      const tsup = join(folder, 'node_modules', 'tsup', 'dist', 'cli-default.js');
      const args = [tsup, '--silent', ...(dts ? [] : ['--no-dts'])];
      return run(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    }),
  );
  const failed = packages.filter((_, index) => codes[index] !== 0);
  if (failed.length > 0) throw new Error(`Could not build ${failed.map(({ name }) => name).join(', ')}.`);
}

/**
 * Packs built packages as they would be published.
 * @param {string} folder where the tarballs go
 * @returns {Promise<Array<{ name: string, tarball: string }>>}
 */
export async function packPackages(folder) {
  const packages = publicPackages();
  const selection = packages.flatMap(({ name }) => ['--filter', name]);
  mkdirSync(folder, { recursive: true });
  const args = [...selection, 'pack', '--pack-destination', folder];
  const code = await runPnpm(args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (code !== 0) throw new Error(`pnpm pack ended with code ${code}.`);
  return packages.map(({ name, manifest }) => ({
    name,
    tarball: join(folder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`),
  }));
}

if (isProgram(import.meta.url)) {
  const { values, positionals } = parseArgs({ options: { 'no-dts': { type: 'boolean' } }, allowPositionals: true });
  await buildPackages({ names: positionals, dts: !values['no-dts'] });
}

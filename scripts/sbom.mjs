// What the command's tarball brings along: a bill of materials in CycloneDX 1.6, from the lockfile, so for every system and the
// same wherever it is made; and every install script among it, with what it is for.
//   npm run sbom -- [file]        default: .cache/polytask-cli.cdx.json
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { parse } from 'yaml';
import { isProgram, root } from './run.mjs';
import { setup } from './setup.mjs';

/** Why a dependency has an install script, and what is lost without it. One that is not here makes the bill fail. */
export const installScripts = {
  'core-js': 'prints a call for donations; nothing is lost without it',
  koffi:
    'compiles itself where no prebuilt library fits; those come as packages of their own, so nothing is lost on usual systems',
  'onnxruntime-node':
    "downloads libraries for CUDA on Linux, which Polytask does not use; the processor's are in the package",
};

/**
 * @typedef {Record<string, string>} Versions by name
 * @typedef {{ dependencies?: Versions, optionalDependencies?: Versions }} Snapshot
 * @typedef {{ dependencies?: Record<string, { version: string }>, optionalDependencies?: Record<string, { version: string }> }} Importer
 * @typedef {{ importers: Record<string, Importer>, packages: Record<string, { resolution: { integrity?: string } }>, snapshots: Record<string, Snapshot> }} Lock
 * @typedef {{ name: string, version: string, license?: string, scripts?: Record<string, string>, dependencies?: Versions, optionalDependencies?: Versions }} Manifest
 *
 * @typedef {object} Node a package with what it needs
 * @property {string} key
 * @property {Manifest} manifest where it is not installed here, as for another system: its name and version
 * @property {string | undefined} integrity
 * @property {string[]} needs
 * @property {boolean} optional whether the command works without it
 */

/**
 * All that is installed with a package of this repository, itself first.
 * @param {string} folder from the repository's root
 * @returns {Node[]}
 */
export function installedWith(folder) {
  /** @type {Lock} */
  const lock = parse(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8'));
  /** @type {Map<string, Node>} */
  const found = new Map();
  const visit = (/** @type {string} */ key, /** @type {boolean} */ optional) => {
    const known = found.get(key);
    // What is needed once is needed.
    if (known !== undefined && (known.optional === false || optional)) return;
    const node = { ...nodeOf(lock, key), optional };
    found.set(key, node);
    for (const { key: needed, optional: lacking } of neededBy(lock, key)) visit(needed, optional || lacking);
  };
  visit(folder, false);
  return [...found.values()];
}

/**
 * @param {Lock} lock
 * @param {string} key of a package: its folder here, or its name and version with those of its peers
 */
function nodeOf(lock, key) {
  const needs = neededBy(lock, key).map((needed) => needed.key);
  if (key in lock.importers) {
    const manifest = JSON.parse(readFileSync(join(root, key, 'package.json'), 'utf8'));
    return { key, manifest, integrity: undefined, needs };
  }
  const plain = key.replace(/\(.*$/, '');
  const at = plain.lastIndexOf('@');
  const [name, version] = [plain.slice(0, at), plain.slice(at + 1)];
  return {
    key,
    manifest: installed(name, version) ?? { name, version },
    integrity: lock.packages[plain]?.resolution.integrity,
    needs,
  };
}

/**
 * @param {Lock} lock
 * @param {string} key
 * @returns {{ key: string, optional: boolean }[]}
 */
function neededBy(lock, key) {
  const of = (/** @type {Record<string, string | { version: string }>} */ versions, /** @type {boolean} */ optional) =>
    Object.entries(versions).map(([name, found]) => {
      const version = typeof found === 'string' ? found : found.version;
      const isHere = version.startsWith('link:');
      // Where one package stands in for another, the version has its name too.
      const isOther = version.replace(/\(.*$/, '') in lock.packages;
      return { key: isHere ? join(key, version.slice(5)) : isOther ? version : `${name}@${version}`, optional };
    });
  const { dependencies = {}, optionalDependencies = {} } = lock.importers[key] ?? lock.snapshots[key] ?? {};
  return [...of(dependencies, false), ...of(optionalDependencies, true)];
}

/**
 * @param {string} name
 * @param {string} version
 * @returns {Manifest | undefined}
 */
function installed(name, version) {
  const store = join(root, 'node_modules/.pnpm');
  folders ??= readdirSync(store);
  const start = `${name.replace('/', '+')}@${version}`;
  const folder = folders.find((entry) => entry === start || entry.startsWith(`${start}_`));
  const file = folder === undefined ? '' : join(store, folder, 'node_modules', name, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** @type {string[] | undefined} */
let folders;

/** @param {Manifest} manifest */
export function scriptOf({ scripts = {} }) {
  const names = ['preinstall', 'install', 'postinstall'].filter((name) => scripts[name] !== undefined);
  return names.length === 0 ? undefined : names.map((name) => `${name}: ${scripts[name]}`).join('; ');
}

/**
 * @param {Node[]} nodes the first is what the bill is for
 * @returns {string} JSON
 */
export function billOf(nodes) {
  const licences = new Contrib.License.Factories.LicenseFactory((text) => {
    if (!/ (AND|OR|WITH) /.test(text)) throw new Error('not an expression');
  });
  const components = new Map(
    nodes.map(({ key, manifest, integrity, optional }, index) => {
      const { name, version, license } = manifest;
      const [group, short] = name.startsWith('@') ? name.split('/') : [undefined, name];
      const component = new Models.Component(
        index === 0 ? Enums.ComponentType.Application : Enums.ComponentType.Library,
        short ?? name,
        {
          ...(group === undefined ? {} : { group }),
          version,
          bomRef: key,
          purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
          scope: optional ? Enums.ComponentScope.Optional : Enums.ComponentScope.Required,
        },
      );
      if (license !== undefined) component.licenses.add(licences.makeFromString(license));
      const hash = integrity?.match(/^sha512-(.+)$/)?.[1];
      if (hash !== undefined)
        component.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(hash, 'base64').toString('hex'));
      const script = scriptOf(manifest);
      if (script !== undefined) component.properties.add(new Models.Property('polytask:install-script', script));
      return [key, component];
    }),
  );
  const bom = new Models.Bom();
  for (const [index, { key, needs }] of nodes.entries()) {
    const component = /** @type {Models.Component} */ (components.get(key));
    for (const needed of needs)
      component.dependencies.add(/** @type {Models.Component} */ (components.get(needed)).bomRef);
    if (index === 0) bom.metadata.component = component;
    else bom.components.add(component);
  }
  const normalizers = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return `${new Serialize.JsonSerializer(normalizers).serialize(bom, { sortLists: true, space: 2 })}\n`;
}

if (isProgram(import.meta.url)) {
  await setup();
  const file = resolve(process.argv[2] ?? join(root, '.cache/polytask-cli.cdx.json'));
  const nodes = installedWith('apps/cli');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, billOf(nodes));
  console.log(`${file}: ${nodes.length - 1} components. Install scripts among them:`);
  for (const { manifest } of nodes) {
    if (scriptOf(manifest) === undefined) continue;
    const reason = installScripts[/** @type {keyof typeof installScripts} */ (manifest.name)];
    console.log(`  ${manifest.name} ${manifest.version}: ${reason ?? 'NOBODY HAS SAID WHAT IT IS FOR'}`);
    if (reason === undefined) process.exitCode = 1;
  }
}

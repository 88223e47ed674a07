// The bill of materials of the command, by CycloneDX' own schema, and against what is installed here.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { expect, it } from 'vitest';
import { root } from '../scripts/run.mjs';
import { billOf, installedWith, installScripts, scriptOf } from '../scripts/sbom.mjs';

const nodes = installedWith('apps/cli');
const bill = JSON.parse(billOf(nodes));

it('is a CycloneDX document, with nothing that the schema does not know', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  expect(await validator.validate(JSON.stringify(bill))).toBeNull();
  expect(await validator.validate(JSON.stringify({ ...bill, components: [{ name: 'no type' }] }))).not.toBeNull();
  expect(bill.metadata.component).toMatchObject({ group: '@polytask', name: 'cli', type: 'application' });
});

it('has hashes of all that comes from the registry, and licences of all that is installed here', () => {
  const others = bill.components.filter(({ group }: { group?: string }) => group !== '@polytask');
  expect(others.length).toBeGreaterThan(50);
  expect(others.filter(({ hashes }: { hashes?: unknown[] }) => hashes?.length !== 1)).toEqual([]);
  const here = new Set(nodes.filter(({ manifest }) => 'license' in manifest).map(({ key }) => key));
  const lacking = bill.components.filter(
    ({ licenses, 'bom-ref': key }: Record<string, string>) => here.has(key ?? '') && !licenses,
  );
  expect(lacking).toEqual([]);
});

it('has what every package needs, and nothing else', () => {
  const refs = [bill.metadata.component, ...bill.components].map((component) => component['bom-ref']);
  expect(new Set(refs).size).toBe(refs.length);
  const reached = new Set([
    'apps/cli',
    ...bill.dependencies.flatMap(({ dependsOn = [] }: { dependsOn?: string[] }) => dependsOn),
  ]);
  expect([...reached].sort()).toEqual([...refs].sort());
  // Seen from the disk: what Node would find beside each package that has a folder here.
  for (const { manifest, needs } of nodes.filter(({ key }) => key.startsWith('packages/') || key === 'apps/cli')) {
    const folder = join(
      root,
      manifest.name === '@polytask/cli' ? 'apps/cli' : `packages/${manifest.name.split('/')[1]}`,
    );
    const declared = { ...manifest.dependencies, ...manifest.optionalDependencies };
    expect(needs.length, folder).toBe(Object.keys(declared).length);
    for (const name of Object.keys(declared))
      expect(existsSync(join(folder, 'node_modules', name)), `${folder}: ${name}`).toBe(true);
  }
});

it('names every install script with its reason, and no reason without a script', () => {
  const withScript = nodes
    .filter(({ manifest }) => scriptOf(manifest) !== undefined)
    .map(({ manifest }) => manifest.name);
  expect([...new Set(withScript)].sort()).toEqual(Object.keys(installScripts).sort());
  const page = readFileSync(join(root, 'apps/docs/guide/files-from-others.md'), 'utf8');
  expect(Object.keys(installScripts).filter((name) => !page.includes(`| \`${name}\``))).toEqual([]);
  // A native addon is also built by npm where it has a binding.gyp and says nothing.
  const silent = nodes.filter(
    ({ manifest, key }) => scriptOf(manifest) === undefined && hasBinding(key, manifest.name),
  );
  expect(silent.map(({ key }) => key)).toEqual([]);
});

function hasBinding(key: string, name: string): boolean {
  const store = join(root, 'node_modules/.pnpm');
  const start = key.replace(/\(.*$/, '').replace('/', '+');
  return readdirSync(store).some(
    (entry) => entry.startsWith(start) && existsSync(join(store, entry, 'node_modules', name, 'binding.gyp')),
  );
}

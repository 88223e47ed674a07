// Changesets name packages that are there, and a package that has never been released has one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { publicPackages } from '../scripts/packages.mjs';

const root = join(import.meta.dirname, '..');
const files = readdirSync(join(root, '.changeset')).filter((name) => name.endsWith('.md') && name !== 'README.md');
const names = publicPackages().map(({ name }) => name);

/** What a changeset says: how much each package changes, and in words. */
function read(file: string) {
  const [, head = '', words = ''] =
    /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(readFileSync(join(root, '.changeset', file), 'utf8')) ?? [];
  const releases = head.split('\n').map((line) => /^"([^"]+)": (\w+)$/.exec(line)?.slice(1) ?? [line, '']);
  return { releases: releases as [string, string][], words: words.trim() };
}

it.each(files)('%s names packages of this repository, and says in words what users notice', (file) => {
  const { releases, words } = read(file);
  expect(words.length).toBeGreaterThan(20);
  for (const [name, bump] of releases) {
    expect(names).toContain(name);
    // 1.0 is a decision, and no side effect of a change.
    expect(['patch', 'minor']).toContain(bump);
  }
});

it('every package has a changelog, or a changeset for its first release', () => {
  const announced = files.flatMap((file) => read(file).releases.map(([name]) => name));
  const silent = publicPackages().filter(
    ({ name, folder }) => !existsSync(join(folder, 'CHANGELOG.md')) && !announced.includes(name),
  );
  expect(silent.map(({ name }) => name)).toEqual([]);
});

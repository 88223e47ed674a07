import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { expect, test } from 'vitest';

/** trace → ir → rewrite → lower → run, and export beside: what each folder may import, besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  ir: [],
  trace: ['ir'],
  rewrite: ['ir'],
  lower: ['ir'],
  run: ['ir', 'trace', 'rewrite', 'lower'],
  export: ['ir', 'trace', 'lower'],
};
const source = join(import.meta.dirname, '../src');

test.each(Object.entries(allowed))('%s imports what comes before it', (folder, others) => {
  const files = readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(0);
  const refused = files.flatMap((file) => {
    const path = join(source, folder, file);
    const imports = [...readFileSync(path, 'utf8').matchAll(/\bfrom '(\.[^']*)'/g)].map(([, to]) => to as string);
    return imports
      .map((to) => relative(source, join(path, '..', to)).split(posix.sep)[0] as string)
      .filter((room) => room !== folder && !others.includes(room))
      .map((room) => `${folder}/${file}: ${room}`);
  });
  expect(refused).toEqual([]);
});

test('there is no other folder', () => {
  const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(allowed).sort());
});

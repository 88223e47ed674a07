import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '@polytask/core/node';

/** The files of an exported model by name; one file alone where the name is empty. */
export type ExportFiles = { readonly [name: string]: string | Uint8Array };

/**
 * Why an export cannot go to a path; undefined where it can.
 *
 * @param names - Of the files in a folder, or one empty name for a file.
 * @param force - Whether files of an earlier export may go.
 */
export async function whyNotExported(
  path: string,
  names: readonly string[],
  force: boolean,
): Promise<string | undefined> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return undefined;
  if (names.includes('')) {
    if (there.isDirectory()) return 'this is a folder; name a file';
    return force ? undefined : 'this file is there already; --force replaces it';
  }
  if (!there.isDirectory()) return 'this is a file; the format has several files, so name a folder';
  const found = await Promise.all(names.map((name) => stat(join(path, name)).catch(() => undefined)));
  const first = names.find((_, index) => found[index] !== undefined);
  return first === undefined || force ? undefined : `there is a \`${first}\` in it already; --force replaces it`;
}

/**
 * Writes an exported model, whole or not at all. Several files cannot be replaced in one moment: all are written first under
 * another name, and the first of them, by which a model is opened, goes before the others change and comes back last.
 */
export async function writeExport(path: string, files: ExportFiles): Promise<void> {
  const [first = '', ...others] = Object.keys(files);
  if (first === '') return writeFileAtomic(path, files[first] as Uint8Array);
  await makeFolder(path);
  const aside = join(path, `.${randomUUID()}.tmp`);
  try {
    for (const [name, content] of Object.entries(files)) await writeFileAtomic(join(aside, name), content);
    await rm(join(path, first), { force: true });
    for (const name of [...others, first]) await rename(join(aside, name), join(path, name));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes; a package.json has some thousands, and a run.json too. */
const largest = 2 ** 26;

/** The package.json of a folder, as {@link readJsonFile} reads it. */
export function readManifest<Manifest extends object>(folder: string): Manifest {
  return readJsonFile(join(folder, 'package.json'));
}

/**
 * What a file of JSON holds. Read at once and without core, since where the program's own code comes from depends on such files.
 *
 * @throws where there is none, or none that is a regular file with a mapping.
 */
export function readJsonFile<Content extends object>(path: string): Content {
  // As core's `openRegularFile` does it: a pipe is not waited for.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const facts = fstatSync(file);
    if (!facts.isFile() || facts.size > largest)
      throw new Error(`${path} is no regular file of at most ${largest} bytes`);
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content === 'object' && content !== null) return content as Content;
    throw new Error(`${path} holds no mapping`);
  } finally {
    closeSync(file);
  }
}

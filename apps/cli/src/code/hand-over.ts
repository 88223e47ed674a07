import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CodeFile, codePlaces, findPackage, type NamedPlaces, readManifest } from '@polytask/experiment/early';
import manifest from '../../package.json' with { type: 'json' };
import { namedPlaces } from './named-places.js';

/**
 * The program of the copy of this package that is installed where code may be loaded from, if that is another one than this. A
 * project's plugins come with the project's Polytask, so that one is to run, wherever the command was found.
 *
 * @param args - Of the command line.
 * @param cwd - The working folder.
 * @param self - A file of this copy.
 * @returns The other copy's program; undefined where this one is the right one.
 */
export function projectProgram(args: readonly string[], cwd: string, self: string): CodeFile | undefined {
  const named = namedPlaces(args);
  const home = named === undefined ? undefined : homeFor({ ...named, cwd });
  if (home === undefined || realpathSync(home) === packageOf(self)) return undefined;
  const { bin } = readManifest<{ bin?: Record<string, string> }>(home);
  const program = bin?.polytask === undefined ? undefined : join(home, bin.polytask);
  return program !== undefined && existsSync(program) ? (program as CodeFile) : undefined;
}

function homeFor(named: NamedPlaces): string | undefined {
  try {
    return findPackage(manifest.name, codePlaces(named));
  } catch {
    // The command reports a wrong folder of `--plugins`.
    return undefined;
  }
}

/** The folder that the folder of a program lies in, links resolved; of a program that is not there, as it is written. */
function packageOf(program: string): string {
  const folder = dirname(dirname(fileURLToPath(program)));
  return existsSync(folder) ? realpathSync(folder) : folder;
}

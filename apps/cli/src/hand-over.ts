import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFolder, readJsonFile, readManifest } from '@polytask/experiment/early';
import manifest from '../package.json' with { type: 'json' };

/**
 * The program of the copy of this package that the project of a configuration file, or of a run, has installed, if that is
 * another one than this. A project's plugins come with the project's Polytask, so that one is to run, wherever the command was found.
 * A run belongs to the project of its configuration file, which run.json names, wherever the run folder is; where that project is
 * gone, or the run came from elsewhere, to the one that the run folder lies in.
 *
 * @param args - Of the command line; the first that is a YAML or JSON file, or a run folder, counts.
 * @param cwd - The working folder.
 * @param self - A file of this copy.
 * @returns The path of the other copy's program; undefined where this one is the right one.
 */
export function projectProgram(args: readonly string[], cwd: string, self: string): string | undefined {
  const paths = args.map((arg) => resolve(cwd, arg.replace(/^--resume=/, '')));
  const starts = paths.map(startsOf).find((found) => found.length > 0) ?? [];
  const home = starts.map((start) => packageFolder(manifest.name, start)).find((found) => found !== undefined);
  if (home === undefined) return undefined;
  if (realpathSync(home) === packageOf(self)) return undefined;
  const { bin } = readManifest<{ bin?: Record<string, string> }>(home);
  const program = bin?.polytask === undefined ? undefined : join(home, bin.polytask);
  return program !== undefined && existsSync(program) ? program : undefined;
}

/** Folders that a project is looked for from, in this order; none for what is neither configuration nor run folder. */
function startsOf(path: string): string[] {
  if (/\.(ya?ml|json)$/.test(path)) return existsSync(path) ? [dirname(path)] : [];
  const run = join(path, 'run.json');
  if (!existsSync(run)) return [];
  const folder = realpathSync(path);
  const file = configurationIn(run);
  const home = file === undefined || !existsSync(dirname(file)) ? undefined : realpathSync(dirname(file));
  // What lies within a run folder is never code to run.
  const within = home !== undefined && !relative(folder, home).startsWith('..');
  return home === undefined || within ? [dirname(folder)] : [home, dirname(folder)];
}

/** The configuration file that a run began with, from the root of the disk; what is no run is told of later, and better. */
function configurationIn(run: string): string | undefined {
  try {
    const { file } = readJsonFile<{ file?: unknown }>(run);
    return typeof file === 'string' && isAbsolute(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** The folder that the folder of a program lies in, links resolved; of a program that is not there, as it is written. */
function packageOf(program: string): string {
  const folder = dirname(dirname(fileURLToPath(program)));
  return existsSync(folder) ? realpathSync(folder) : folder;
}

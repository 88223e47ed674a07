import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };
import { packageFolder } from './build/resolve-package.js';

/**
 * The program of the copy of this package that the project of a configuration file, or of a run folder, has installed, if that is
 * another one than this. A project's plugins come with the project's Polytask, so that one is to run, wherever the command was found.
 *
 * @param args - Of the command line; the first that is a YAML or JSON file, or a run folder, counts.
 * @param cwd - The working folder.
 * @param self - A file of this copy.
 * @returns The path of the other copy's program; undefined where this one is the right one.
 */
export function projectProgram(args: readonly string[], cwd: string, self: string): string | undefined {
  const paths = args.map((arg) => resolve(cwd, arg));
  const start = paths.flatMap((path) => {
    if (/\.(ya?ml|json)$/.test(path)) return existsSync(path) ? [dirname(path)] : [];
    return existsSync(join(path, 'run.json')) ? [path] : [];
  })[0];
  const home = start === undefined ? undefined : packageFolder(manifest.name, start);
  if (home === undefined) return undefined;
  if (realpathSync(home) === packageOf(self)) return undefined;
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { bin?: Record<string, string> };
  const program = bin?.polytask === undefined ? undefined : join(home, bin.polytask);
  return program !== undefined && existsSync(program) ? program : undefined;
}

/** The folder that the folder of a program lies in, links resolved; of a program that is not there, as it is written. */
function packageOf(program: string): string {
  const folder = dirname(dirname(fileURLToPath(program)));
  return existsSync(folder) ? realpathSync(folder) : folder;
}

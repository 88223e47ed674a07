import { lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { InputError, type Mistake } from '../errors/mistakes.js';
import { packageFolder, resolveInstalled } from './resolve-package.js';

/** A file that may be imported; only this module makes one. */
export type CodeFile = string & { readonly mayBeImported: unique symbol };

/** From where code may be loaded: what a person named, and never what a file says. All that loads code asks here. */
export interface CodePlaces {
  /** Real paths, the first that has something counts; packages are looked for from each upwards, as Node does. */
  readonly folders: readonly string[];
  /** Of {@link folders} those of which files may come from any depth; of the others they have to lie directly in them. */
  readonly whole: readonly string[];
  /** Real paths of run folders that the command line names. */
  readonly runFolders: readonly string[];
  /** Folders that would be places if they did not lie in a run folder. */
  readonly refused: readonly string[];
}

/** What the command line names. */
export interface NamedPlaces {
  readonly cwd: string;
  /** Paths from `cwd`: the run file of `train` and `check`, the run folder of other commands, the folders of `--plugins`. */
  readonly runFile?: string | undefined;
  readonly runFolder?: string | undefined;
  readonly plugins?: readonly string[] | undefined;
}

/** Nothing may be loaded from anywhere. */
export const noCode: CodePlaces = { folders: [], whole: [], runFolders: [], refused: [] };

/**
 * The one decision from where code may be loaded: the folder of the run file on the command line, the folders of `--plugins`, and
 * the working folder. None of them counts where it lies in a run folder, links resolved.
 *
 * @throws InputError where a folder of `--plugins` is none, or lies in a run folder.
 */
export function codePlaces({ cwd, runFile, runFolder, plugins = [] }: NamedPlaces): CodePlaces {
  const runFolders =
    runFolder === undefined ? [] : [realPath(resolve(cwd, runFolder))].filter((path) => path !== undefined);
  const named = (path: string) => ({ path, real: realPath(resolve(cwd, path)) });
  const given = plugins.map(named);
  const mistakes = given.flatMap(({ path, real }): Mistake[] => {
    const where = `--plugins ${path}`;
    if (real === undefined) return [{ where, message: 'there is no such folder' }];
    if (!statSync(real).isDirectory()) return [{ where, message: 'this is a file; name the folder that it is in' }];
    const inside = runFolderAround(real, runFolders);
    return inside === undefined ? [] : [{ where, message: `it lies in the run folder ${inside}, and ${never}` }];
  });
  if (mistakes.length > 0) throw new InputError(mistakes);
  const whole = [
    ...(runFile === undefined || realPath(resolve(cwd, runFile)) === undefined ? [] : [named(dirname(runFile))]),
    ...given,
  ];
  const all = [...whole, named(cwd)].flatMap(({ real }) => (real === undefined ? [] : [real]));
  const isRight = (folder: string) => runFolderAround(folder, runFolders) === undefined;
  return {
    folders: [...new Set(all.filter(isRight))],
    whole: whole.flatMap(({ real }) => (real !== undefined && isRight(real) ? [real] : [])),
    runFolders,
    refused: [...new Set(all.filter((folder) => !isRight(folder)))],
  };
}

/**
 * The file that a reference to code means: `@acme/tempered`, `@acme/tempered/sub`, `./tempered.mjs`.
 *
 * @returns It, or why there is none.
 */
export function findCode(
  specifier: string,
  code: CodePlaces,
): { readonly file: CodeFile } | { readonly reason: string } {
  if (!isPath(specifier)) {
    for (const folder of code.folders) {
      const file = resolveInstalled(specifier, folder);
      if (file !== undefined) return { file: file as CodeFile };
    }
    const advice = `Run \`npm install ${specifier}\` there, or say where it is by \`--plugins <folder>\``;
    return { reason: `the package \`${specifier}\` is not installed for ${shown(code)}. ${advice}` };
  }
  const found = code.folders.flatMap((folder) => realFile(resolve(folder, specifier)) ?? []);
  const file = found.find((path) => isAllowed(path, code));
  if (file !== undefined) return { file: file as CodeFile };
  if (found[0] === undefined) {
    return {
      reason: `there is no file \`${specifier}\` in ${shown(code)}; \`--plugins <folder>\` names another folder`,
    };
  }
  const inside = runFolderAround(dirname(found[0]), code.runFolders);
  const why =
    inside === undefined
      ? `code comes from the folder of a run file that the command line names, from folders given by \`--plugins <folder>\`, and from ` +
        `files that lie directly in the working folder. If you trust it, name its folder: \`--plugins ${dirname(found[0])}\``
      : `it lies in the run folder ${inside}, and ${never}`;
  return { reason: `\`${specifier}\` is ${found[0]}, which is not loaded: ${why}` };
}

/** The folder of a package that is installed for one of the places. */
export function findPackage(name: string, { folders }: CodePlaces): string | undefined {
  return folders.map((folder) => packageFolder(name, folder)).find((found) => found !== undefined);
}

const never = 'code is never loaded from inside a run folder';

function shown({ folders, refused }: CodePlaces): string {
  const inside = refused.map((folder) => `${folder} (lies in a run folder, and ${never})`);
  return [...folders, ...inside].join(' or ') || 'any folder';
}

function isPath(specifier: string): boolean {
  return /^\.{0,2}[\\/]/.test(specifier) || isAbsolute(specifier) || /^[A-Za-z]:/.test(specifier);
}

/** Whether a file lies in a place, and not in a run folder there; compared by whole names, since `..x` is a name like any other. */
function isAllowed(file: string, { folders, whole, runFolders }: CodePlaces): boolean {
  const above = foldersFrom(dirname(file));
  const place = above.find((folder, depth) => whole.includes(folder) || (depth === 0 && folders.includes(folder)));
  return place !== undefined && runFolderAround(dirname(file), runFolders) === undefined;
}

/** The run folder that a folder is or lies in. */
function runFolderAround(folder: string, named: readonly string[]): string | undefined {
  return foldersFrom(folder).find((above) => named.includes(above) || isRunFolder(above));
}

/** Whether a folder has a `run.json` that could be a run's; a run file may have that name too. */
function isRunFolder(folder: string): boolean {
  const path = join(folder, 'run.json');
  try {
    const facts = lstatSync(path);
    // A link, a pipe or a giant is no run file of ours either.
    if (!facts.isFile() || facts.size > 2 ** 26) return true;
    const text = readFileSync(path, 'utf8');
    try {
      return Object.hasOwn(Object(JSON.parse(text)), 'given');
    } catch {
      return /"given"\s*:/.test(text);
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}

/** A folder and all above it. */
function foldersFrom(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...foldersFrom(above)];
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/** A regular file, links resolved. */
function realFile(path: string): string | undefined {
  const real = realPath(path);
  return real !== undefined && statSync(real).isFile() ? real : undefined;
}

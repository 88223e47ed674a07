import { statfs } from 'node:fs/promises';
import { NativeError } from './native-error.js';
import { runTool } from './run-tool.js';

/** Programs that the way over the Python wheel needs, by the names they have here. */
export interface Tools {
  readonly python: string;
}

/** What {@link findTools} needs to know of the machine; tests give their own. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Version of the C library; undefined where it is not glibc. */
  readonly glibc: string | undefined;
  /** Whether a program starts with these arguments and ends with 0. */
  readonly starts: (command: string, args: readonly string[]) => Promise<boolean>;
}

/** The machine we are on. */
export function thisMachine(signal: AbortSignal): Machine {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: header?.glibcVersionRuntime,
    starts: async (command, args) => (await runTool({ command, args, signal, timeout: 60_000 })).code === 0,
  };
}

/**
 * Finds what it takes to build tfjs-node against the library of the Python wheel.
 *
 * @throws NativeError that names everything that is missing, and how to get it.
 */
export async function findTools({ platform, arch, glibc, starts }: Machine, env = process.env): Promise<Tools> {
  if (platform !== 'linux' || arch !== 'x64' || glibc === undefined || !isAtLeast(glibc, [2, 27])) {
    const here = `${platform} ${arch}${platform === 'linux' ? `, ${glibc === undefined ? 'no glibc' : `glibc ${glibc}`}` : ''}`;
    throw new NativeError(
      `The other way, the library of the Python wheel, is for Linux x64 with glibc 2.27 or later; this is ${here}. ` +
        'Let this machine reach storage.googleapis.com, or set TFJS_NODE_CDN_STORAGE to a mirror of it, and try again.',
    );
  }
  const first = async (commands: readonly string[], args: readonly string[]) => {
    for (const command of commands) if (await starts(command, args)) return command;
    return undefined;
  };
  const chosen = env.CXX === undefined || env.CXX === '' ? ['g++', 'c++', 'clang++'] : [env.CXX];
  const [python, compiler, make] = await Promise.all([
    first(['python3', 'python'], ['-m', 'pip', '--version']),
    first(chosen, ['--version']),
    first([env.MAKE ?? 'make'], ['--version']),
  ]);
  const missing = [
    ...(python === undefined ? ['Python 3 with pip (Debian, Ubuntu: apt-get install python3-pip)'] : []),
    ...(compiler === undefined ? [`a C++ compiler; tried ${chosen.join(', ')} (apt-get install g++)`] : []),
    ...(make === undefined ? ['make (apt-get install make)'] : []),
  ];
  if (python === undefined || missing.length > 0) {
    throw new NativeError(
      `The other way, the library of the Python wheel, needs what is missing here:\n  - ${missing.join('\n  - ')}\n` +
        'Install it and run `polytask native install` again.',
    );
  }
  return { python };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}

/** Refuses a disk that would be full before the end. */
export async function requireSpace(folder: string, bytes: number, free = freeSpace): Promise<void> {
  const there = await free(folder);
  if (there >= bytes) return;
  const gigabytes = (value: number) => `${(value / 1e9).toFixed(1)} GB`;
  throw new NativeError(
    `${gigabytes(bytes)} of disk are needed in ${folder}, but ${gigabytes(there)} are free. Free some, or set ` +
      'POLYTASK_NATIVE_FOLDER to a folder on another disk.',
  );
}

async function freeSpace(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

// What the other scripts share: where the repository is, and how a program is started from it.
import { spawn } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** `pnpm@x.y.z`, without the hash that corepack reads. */
const packageManager = manifest.packageManager.split('+')[0];

/**
 * Whether a module is the program that was started, and not imported by one.
 * @param {string} url its `import.meta.url`, which has links resolved where the command line has not
 */
export const isProgram = (url) => realpathSync(process.argv[1] ?? '') === fileURLToPath(url);

/** No tool may ask a question or report home. */
const quiet = {
  COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  DO_NOT_TRACK: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  TURBO_TELEMETRY_DISABLED: '1',
};

/**
 * Runs a program from the repository root and gives its exit code.
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: 'inherit',
      ...options,
      env: { ...process.env, ...options.env, ...quiet },
    });
    const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    process.on('SIGINT', forward).on('SIGTERM', forward);
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs a JavaScript program of an installed package, named by its path inside `node_modules`.
 * @param {string} program
 * @param {string[]} [args]
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function runTool(program, args = [], options = {}) {
  return run(process.execPath, [join(root, 'node_modules', program), ...args], options);
}

/**
 * Runs the pinned pnpm, which need not be installed.
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function runPnpm(args, options = {}) {
  const shell = process.platform === 'win32'; // There, npx is a batch file.
  return run('npx', ['-y', packageManager, ...args], { shell, ...options });
}

import { PolytaskError } from '@polytask/core';

/** What tells ONNX Runtime's native library to send nothing to its maker and to write no files of its own about runs. */
const variable = 'ORT_DISABLE_TELEMETRY';

/** What this file needs of Node, which a browser's types do not know. */
interface NodeProcess {
  readonly platform: string;
  readonly env: Record<string, string | undefined>;
  getBuiltinModule(name: string): { readonly isMainThread: boolean };
}

/**
 * Turns the telemetry of ONNX Runtime's native library off; comes before every load of the library.
 *
 * @remarks The library reads the environment of the process. In the main thread `process.env` is that environment; in a worker
 * thread it is a copy, which the library does not see, so there the C library's `setenv` is called.
 *
 * @throws `POLYTASK_PACKAGE_FAILED` in a worker thread whose process does not have the variable and where it cannot be set.
 */
export async function turnTelemetryOff(): Promise<void> {
  const { process } = globalThis as unknown as { process: NodeProcess };
  const inherited = process.env[variable] === '1';
  if (process.getBuiltinModule('node:worker_threads').isMainThread) process.env[variable] = '1';
  else if (!(await setForProcess(process.platform)) && !inherited) {
    throw new PolytaskError(
      'POLYTASK_PACKAGE_FAILED',
      'Before ONNX Runtime is loaded its telemetry must be off, but a worker thread cannot set the environment of its process here. ' +
        `Set \`process.env.${variable} = '1'\` in the main thread before the worker starts, or install \`koffi\`, or use \`eager()\`.`,
    );
  }
}

/** @returns Whether the process has the variable now. */
async function setForProcess(platform: string): Promise<boolean> {
  if (platform === 'win32') return false;
  // Not a literal: a bundler for the browser must not look for it.
  const name: string = 'koffi';
  try {
    const { default: koffi } = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
    return koffi.load(null).func('setenv', 'int', ['str', 'str', 'int'])(variable, '1', 1) === 0;
  } catch {
    return false;
  }
}

import { BackendError, type BackendName, useBackend } from './backends.js';

/** Which backend computes, and why. */
export interface SelectedBackend {
  readonly name: BackendName;
  /** What the configuration asks for. */
  readonly wanted: BackendName | 'auto';
  /** Why `auto` did not take the faster one. */
  readonly reason?: string;
}

/** What {@link selectBackend} depends on; tests give their own. */
export interface BackendChoice {
  /** Takes a step of training and measures a few rows, throwing what goes wrong. */
  readonly trial: () => Promise<void>;
  /** Where packages of the user's project are looked for. */
  readonly folder: string;
  readonly use?: typeof useBackend;
}

/**
 * Takes the backend that is asked for, or under `auto` the first that can train this model: wasm, then cpu. Whether it can is
 * tried, since tfjs does not say which kernels a model will need.
 *
 * @throws BackendError where a backend that was asked for by name is not there or lacks a kernel; names both.
 */
export async function selectBackend(
  wanted: SelectedBackend['wanted'],
  { trial, folder, use = useBackend }: BackendChoice,
): Promise<SelectedBackend> {
  if (wanted !== 'auto') {
    await use(wanted, folder);
    await orMissingKernel(wanted, trial);
    return { name: wanted, wanted };
  }
  try {
    await use('wasm', folder);
    await orMissingKernel('wasm', trial);
    return { name: 'wasm', wanted };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    await use('cpu', folder);
    await trial();
    return { name: 'cpu', wanted, reason: error.message };
  }
}

async function orMissingKernel(backend: BackendName, trial: () => Promise<void>): Promise<void> {
  try {
    await trial();
  } catch (error) {
    const kernel = /Kernel '(\w+)' not registered for backend/.exec((error as Error).message)?.[1];
    if (kernel === undefined) throw error;
    const other = backend === 'cpu' ? 'node' : 'cpu';
    throw new BackendError(
      `the backend \`${backend}\` has no kernel ${kernel}, which training this model needs; \`${other}\` has it`,
      { cause: error },
    );
  }
}

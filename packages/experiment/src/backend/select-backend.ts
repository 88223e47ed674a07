import { auto, compiled } from '@polytask/compiler';
import { type Executor, eager, PolytaskError } from '@polytask/core';
import { defineExecutor } from '@polytask/core/executors';
import type { CodePlaces } from '../code/code-places.js';
import type { SelectedBackend } from '../run/document.js';
import { BackendError, type BackendName, useBackend } from './backends.js';

/** What {@link selectBackend} took. */
export interface Selection {
  /** For every network of the run. */
  readonly executor: Executor;
  readonly backend: SelectedBackend;
  /** What computes at this moment: under `auto` a later program may need a kernel that the first choice lacks. */
  current(): SelectedBackend;
}

/** What {@link selectBackend} depends on; tests give their own. */
export interface BackendChoice {
  /** Takes a step of training and measures a few rows, throwing what goes wrong. */
  readonly trial: (executor: Executor) => Promise<void>;
  /** Where packages of the user's project are looked for. */
  readonly code?: CodePlaces;
  /** Threads that one compiled operation may use. */
  readonly threads: number;
  /** Under `auto`, whether it may compile. Default true; false for a run that began without. */
  readonly compile?: boolean;
  /** Told once for each kernel that cannot be compiled, and when `auto` changes its choice later on. */
  readonly warn: (message: string) => void;
  readonly use?: typeof useBackend;
  readonly executors?: { readonly auto: typeof auto; readonly compiled: typeof compiled };
}

/**
 * Takes what is asked for, or under `auto` the first that can train this model: compiled, then wasm, then cpu. Whether it can is
 * tried with one step, since nobody says beforehand which kernels a model will need.
 *
 * @throws BackendError where a backend that was asked for by name is not there or lacks a kernel; names both.
 */
export async function selectBackend(
  wanted: SelectedBackend['wanted'],
  { trial, code, threads, compile = true, warn, use = useBackend, executors = { auto, compiled } }: BackendChoice,
): Promise<Selection> {
  const selection = (executor: Executor, backend: SelectedBackend) => ({ executor, backend, current: () => backend });
  if (wanted !== 'auto' && wanted !== 'compiled') {
    await use(wanted, code);
    const executor = eager();
    await orMissingKernel(wanted, () => trial(executor));
    return selection(executor, { name: wanted, wanted });
  }
  // What does not compile runs here: the backend that has every kernel.
  await use('cpu', code);
  const told = new Set<string>();
  const options = {
    threads,
    onFallback(message: string, { program, kernel = program }: { program: string; kernel?: string }) {
      if (!told.has(kernel)) warn(message);
      told.add(kernel);
    },
  };
  if (wanted === 'compiled') {
    const executor = executors.compiled(options);
    await orNotCompiled(() => trial(executor));
    return selection(executor, { name: 'compiled', wanted, threads });
  }
  let backend: SelectedBackend = { name: 'compiled', wanted };
  let settled: SelectedBackend | undefined;
  const choosing = executors.auto({
    ...options,
    ...(compile ? {} : { compile }),
    onChoice(message, choice) {
      const { reason: why } = choice;
      // Nothing but these is set here.
      const name = choice.name as SelectedBackend['name'];
      const reason = !compile && name === 'wasm' ? 'the run began with it' : why;
      backend = { name, wanted, ...(name === 'compiled' && { threads }), reason };
      if (settled === undefined || settled.name === name) return;
      backend = { ...backend, before: settled.name };
      warn(message);
    },
  });
  // What a network had to leave is not tried again by the next one: run.json has one answer, and going on finds the same.
  const executor = defineExecutor({
    name: choosing.name,
    open: (layout) => (backend.before === undefined ? choosing : eager()).open(layout),
  });
  await orNotCompiled(() => trial(executor));
  settled = backend;
  return { executor, backend, current: () => backend };
}

/** The backend and what there is to say of it, in one line. */
export function describeBackend({ name, threads, reason }: SelectedBackend): string {
  const how = threads === undefined ? '' : ` on ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return `Backend: ${name}${how}${reason === undefined ? '' : `, since ${reason}`}`;
}

async function orMissingKernel(backend: BackendName, trial: () => Promise<void>): Promise<void> {
  try {
    await trial();
  } catch (error) {
    const kernel = /Kernel '(\w+)' not registered for backend/.exec((error as Error).message)?.[1];
    if (kernel === undefined) throw error;
    const others = backend === 'cpu' ? '`compiled` or `node`' : '`compiled` or `cpu`';
    throw new BackendError(
      `the backend \`${backend}\` has no kernel ${kernel}, which training this model needs; take ${others}`,
      { cause: error },
    );
  }
}

/** Says what to do where ONNX Runtime is not there, and where a part of the run cannot be recorded. */
async function orNotCompiled(trial: () => Promise<void>): Promise<void> {
  try {
    await trial();
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    const { code, message } = error;
    if (code === 'POLYTASK_PACKAGE_MISSING' || code === 'POLYTASK_PACKAGE_FAILED')
      throw new BackendError(`${message} Here: \`backend: auto\`.`, { cause: error });
    if (!code.includes('_TRACE_')) throw error;
    throw new BackendError(`${message} Uncompiled it runs as it is: \`backend: wasm\`, or \`cpu\`.`, { cause: error });
  }
}

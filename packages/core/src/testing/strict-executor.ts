import type * as tf from '@tensorflow/tfjs';
import { defineExecutor, type Executor, type Program } from '../contracts/executor.js';
import type { ParameterLayout } from '../contracts/parameters.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { createEagerSession, type ProgramGuard } from '../executors/eager-session.js';
import { forbidHost } from '../executors/forbid-host.js';
import { refuseHost } from './refuse-host.js';
import { type Operation, watchEngine } from './watch-engine.js';

/** What a program did in one run. */
export interface ProgramRun {
  readonly program: string;
  readonly operations: readonly Operation[];
}

/** Options of {@link strict}. */
export interface StrictOptions {
  /** Looks at every run of a program, for tests that count operations. */
  readonly onRun?: (run: ProgramRun) => void;
}

/**
 * The executor for tests: runs programs as they are written, on whatever tfjs backend is set, and holds them to what a program
 * is, a function of variables and feeds that an executor may trace once. It refuses
 *
 * - reading a tensor (`POLYTASK_PROGRAM_READS`);
 * - random numbers other than those of the step (`POLYTASK_PROGRAM_RANDOM`), and the clock (`POLYTASK_PROGRAM_CLOCK`);
 * - tensors and variables from outside: all but feeds, registered variables and what the program makes
 *   (`POLYTASK_PROGRAM_CAPTURES`);
 * - tensors left behind (`POLYTASK_PROGRAM_KEEPS`);
 * - other operations, shapes, attributes or constants than in the program's first run with feeds of the same names, shapes and
 *   dtypes (`POLYTASK_PROGRAM_VARIES`);
 * - gradients of a task by variables that do not name it as a user (`POLYTASK_USED_BY`).
 *
 * @remarks tfjs' own random operations are caught only where they are given no seed. It is several times slower than `eager()`.
 * @example
 * ```ts
 * import { strict } from '@polytask/core/testing';
 *
 * console.log(strict().name); // => strict
 * ```
 */
export function strict(options: StrictOptions = {}): Executor {
  return defineExecutor({
    name: 'strict',
    open: (layout) => createEagerSession(layout, createGuard(layout, options)),
  });
}

function createGuard(layout: ParameterLayout, { onRun }: StrictOptions): ProgramGuard {
  const traces = new WeakMap<Program, Map<string, readonly Operation[]>>();
  const variables = [...layout.segments, ...layout.stateSegments].map(({ variable }) => variable);
  return (program, feeds, context) => {
    let refusal: PolytaskError | undefined;
    const refuse = (error: PolytaskError): never => {
      refusal ??= error;
      throw error;
    };
    const watch = watchEngine(program.name, [...variables, ...Object.values(feeds)], refuse);
    const allow = forbidHost(refuseHost(program.name, refuse));
    let outputs: NamedTensors;
    try {
      outputs = program.run(feeds, {
        uniform: (path, shape) => watch.drawing(path, () => context.uniform(path, shape)),
      });
      for (const [name, output] of Object.entries(outputs)) watch.check(output, `gave as output \`${name}\``);
      watch.checkKept();
    } catch (error) {
      // A program may answer a refusal with an error of its own.
      throw refusal ?? error;
    } finally {
      allow();
      watch.stop();
    }
    // Or with none at all.
    if (refusal !== undefined) throw refusal;
    const seen = traces.get(program) ?? new Map<string, readonly Operation[]>();
    traces.set(program, seen);
    const signature = signatureOf(feeds);
    const before = seen.get(signature);
    if (before !== undefined) compare(program.name, before, watch.operations);
    else {
      seen.set(signature, watch.operations);
      program.check?.(feeds, context);
    }
    onRun?.({ program: program.name, operations: watch.operations });
    return outputs;
  };
}

/** Names, dtypes and shapes of feeds. */
function signatureOf(feeds: { readonly [name: string]: tf.Tensor }): string {
  const entries = Object.entries(feeds).map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape.join(', ')}]`);
  return entries.sort().join('\n');
}

function compare(program: string, before: readonly Operation[], now: readonly Operation[]): void {
  const length = Math.max(before.length, now.length);
  for (let i = 0; i < length; i++) {
    const [first, second] = [show(before[i]), show(now[i])];
    if (first === second) continue;
    throw new PolytaskError(
      'POLYTASK_PROGRAM_VARIES',
      `A program must do the same whenever its feeds have the same names, shapes and dtypes, since a compiled executor keeps ` +
        `what it did first; but operation ${i + 1} of \`${program}\` was ${first} and is now ${second}. Depend on no number ` +
        'of the host (a counter, a learning rate, an option that changes): feed it. Do not branch on values: use `tf.where`.',
    );
  }
}

function show(operation: Operation | undefined): string {
  if (operation === undefined) return 'the end';
  const { name, inputs, outputs, details } = operation;
  const shapes = (list: Operation['inputs']) => list.map((shape) => `[${shape.join(', ')}]`).join(' ');
  return `\`${name}\` (${[shapes(inputs), `→ ${shapes(outputs)}`, details].filter((part) => part !== '').join(' ')})`;
}

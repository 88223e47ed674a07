import { type Executor, eager, PolytaskError } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { BackendError, type BackendName } from '../../src/backend/backends.js';
import { type BackendChoice, describeBackend, selectBackend } from '../../src/backend/select-backend.js';

type Options = Parameters<NonNullable<BackendChoice['executors']>['auto']>[0];

/** A machine that has some backends; wasm lacks what the model needs if `missing` names a kernel. */
function machine(has: readonly BackendName[], missing?: string) {
  const used: BackendName[] = [];
  const warnings: string[] = [];
  const given: Options[] = [];
  const make = (options: Options = {}) => {
    given.push(options);
    return eager();
  };
  const tried: Executor[] = [];
  const choice: BackendChoice = {
    threads: 3,
    warn: (message) => void warnings.push(message),
    async use(name) {
      if (!has.includes(name)) throw new BackendError(`no ${name} here`);
      used.push(name);
    },
    async trial(executor) {
      tried.push(executor);
      const name = used.at(-1);
      if (name === 'wasm' && missing) throw new Error(`Kernel '${missing}' not registered for backend 'wasm'`);
      given[0]?.onChoice?.('first', { name: 'compiled', reason: 'it is there' });
    },
    executors: { auto: make, compiled: make },
  };
  return { used, warnings, given, tried, choice };
}

describe('selectBackend', () => {
  it('lets `auto` choose, says what it took and why, and gives the executor that was tried', async () => {
    const { choice, used, given, tried, warnings } = machine(['cpu']);
    const { executor, backend } = await selectBackend('auto', choice);
    expect(backend).toEqual({ name: 'compiled', wanted: 'auto', threads: 3, reason: 'it is there' });
    expect(given).toMatchObject([{ threads: 3 }]);
    expect(tried).toEqual([executor]);
    // What does not compile runs where every kernel is.
    expect(used).toEqual(['cpu']);
    expect(warnings).toEqual([]);
  });

  it('knows where `auto` has to leave its choice in the middle of a run, and stays there', async () => {
    const { choice, given, warnings } = machine(['cpu']);
    const opened: string[] = [];
    const auto = (options: Options) => {
      given.push(options);
      const executor = eager();
      const open = (layout: never) => {
        opened.push('auto');
        return executor.open(layout);
      };
      return { ...executor, open };
    };
    const trial = async () => given[0]?.onChoice?.('first', { name: 'wasm', reason: 'no runtime' });
    const { executor, backend, current } = await selectBackend('auto', {
      ...choice,
      ...{ trial, compile: false, executors: { auto, compiled: auto } },
    });
    expect(given[0]).toMatchObject({ compile: false });
    expect(backend).toEqual({ name: 'wasm', wanted: 'auto', reason: 'the run began with it' });
    const layout = { size: 0, segments: [], stateSegments: [] } as never;
    await executor.open(layout);
    given[0]?.onChoice?.('Executor: eager on the cpu backend.', { name: 'cpu', reason: 'wasm has no kernel' });
    expect(current()).toEqual({ name: 'cpu', wanted: 'auto', reason: 'wasm has no kernel', before: 'wasm' });
    expect([backend.name, warnings]).toEqual(['wasm', ['Executor: eager on the cpu backend.']]);
    await executor.open(layout);
    expect(opened).toEqual(['auto']);
  });

  it('names no threads where `auto` takes an eager backend', async () => {
    const { choice, given } = machine(['cpu']);
    const trial = async () => given[0]?.onChoice?.('x', { name: 'wasm', reason: 'no runtime' });
    const { backend } = await selectBackend('auto', { ...choice, trial });
    expect(backend).toEqual({ name: 'wasm', wanted: 'auto', reason: 'no runtime' });
  });

  it.each(['auto', 'compiled'] as const)(
    'warns once for each kernel that does not compile, under %s',
    async (wanted) => {
      const { choice, given, warnings } = machine(['cpu']);
      await selectBackend(wanted, choice);
      for (const [message, program, kernel] of [
        ['a', 'step', 'TopK'],
        ['b', 'evaluate', 'TopK'],
        ['c', 'step', 'Qr'],
      ] as const)
        given[0]?.onFallback?.(message, { program, kernel });
      expect(warnings).toEqual(['a', 'c']);
    },
  );

  it('says what to do where nothing can be compiled', async () => {
    const failing = (code: string) =>
      selectBackend('compiled', {
        ...machine(['cpu']).choice,
        trial: () => Promise.reject(new PolytaskError(code, 'Why.')),
      });
    await expect(failing('POLYTASK_PACKAGE_MISSING')).rejects.toThrow(BackendError);
    await expect(failing('POLYTASK_PACKAGE_FAILED')).rejects.toThrow('Why. Here: `backend: auto`.');
    await expect(failing('POLYTASK_TRACE_RANDOM')).rejects.toThrow(/^Why\. .* `backend: wasm`, or `cpu`\.$/);
    await expect(failing('POLYTASK_LABELS')).rejects.toMatchObject({ code: 'POLYTASK_LABELS' });
  });

  it('does what is asked, or says what is missing and who has it', async () => {
    const { backend } = await selectBackend('cpu', machine(['wasm', 'cpu'], 'X').choice);
    expect(backend).toEqual({ name: 'cpu', wanted: 'cpu' });
    await expect(selectBackend('node', machine(['cpu']).choice)).rejects.toThrow('no node here');
    const lacking = selectBackend('wasm', machine(['wasm', 'cpu'], 'Conv2DBackpropFilter').choice);
    await expect(lacking).rejects.toThrow(BackendError);
    await expect(lacking).rejects.toThrow(/`wasm` has no kernel Conv2DBackpropFilter.*; take `compiled` or `cpu`/);
  });

  it('lets other errors of the trial through', async () => {
    const { choice } = machine(['wasm', 'cpu']);
    const trial = () => Promise.reject(new TypeError('labels'));
    await expect(selectBackend('auto', { ...choice, trial })).rejects.toThrow(TypeError);
    await expect(selectBackend('cpu', { ...choice, trial })).rejects.toThrow(TypeError);
  });
});

describe('describeBackend', () => {
  it.each([
    [{ name: 'cpu', wanted: 'cpu' }, 'Backend: cpu'],
    [{ name: 'compiled', wanted: 'compiled', threads: 1 }, 'Backend: compiled on 1 thread'],
    [
      { name: 'compiled', wanted: 'auto', threads: 2, reason: 'x is installed' },
      'Backend: compiled on 2 threads, since x is installed',
    ],
  ] as const)('says %j in a line', (backend, line) => expect(describeBackend(backend)).toBe(line));
});

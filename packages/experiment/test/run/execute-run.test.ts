import { eager } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { smallRun } from '../../../../test/support/configs.js';
import { prepared } from '../../../../test/support/prepared.js';
import type { RunDocument } from '../../src/run/document.js';
import { describeData, executeRun } from '../../src/run/execute-run.js';
import { noProgress } from '../../src/run/progress.js';
import type { RunFolder } from '../../src/run/run-folder.js';

/** A run folder in memory that keeps what is written to it. */
function folderInMemory(changes: Partial<RunFolder> = {}) {
  const documents: RunDocument[] = [];
  const writes: string[] = [];
  const folder: RunFolder = {
    path: '/runs/run-1',
    files: { run: '', metrics: '', model: '' },
    checkpoints: (network) => network,
    writeDocument: async (document) => void documents.push(document),
    addMetrics: async (line) => void writes.push(`metrics ${(line as { network: string }).network}`),
    keepMetrics: async () => {},
    removeLeftovers: async () => {},
    setAside: async () => {},
    saveCheckpoint: async (network) => {
      writes.push(`checkpoint ${network}`);
      return network;
    },
    dropCheckpoints: async (network) => void writes.push(`drop ${network}`),
    saveModel: async () => void writes.push('model'),
    ...changes,
  };
  return { folder, documents, writes };
}

const around = (folder: RunFolder, signal = new AbortController().signal, progress = noProgress) => ({
  folder,
  signal,
  progress,
  executor: eager(),
  backend: () => ({ name: 'cpu', wanted: 'cpu' }) as const,
  versions: { node: '20' },
  began: performance.now(),
});

describe('executeRun', () => {
  it('says what computes as soon as a checkpoint was made by another backend than before', async () => {
    const made: unknown[] = [];
    let name = 'wasm';
    const { folder, documents } = folderInMemory({
      saveCheckpoint: async (network, { state }) => {
        made.push((state.session as { backend: string }).backend);
        return network;
      },
      // Of the second epoch.
      addMetrics: async ({ epoch }) => {
        if (epoch === 2) name = 'cpu';
      },
    });
    const run = await prepared(smallRun, ['training.epochs=3']);
    const backend = () => ({ name, wanted: 'auto', ...(name === 'cpu' && { before: 'wasm' }) }) as never;
    const document = await executeRun(run, { ...around(folder), backend });
    expect(made).toEqual(['wasm', 'cpu', 'cpu']);
    expect(document.backend).toEqual({ name: 'cpu', wanted: 'auto', before: 'wasm' });
    expect(documents.map((one) => [one.backend.name, one.joint === undefined])).toEqual([
      ['wasm', true],
      ['cpu', true],
      ['cpu', false],
      ['cpu', false],
    ]);
  });

  it('writes a checkpoint after every epoch, and the model at the end', async () => {
    const { folder, documents, writes } = folderInMemory();
    const run = await prepared(smallRun, ['training.epochs=2', 'compare=single-task']);
    const document = await executeRun(run, around(folder));
    expect(writes).toEqual([
      'metrics joint',
      'checkpoint joint',
      'metrics joint',
      'checkpoint joint',
      'model',
      ...[1, 2].flatMap((number) => [
        ...Array(2)
          .fill(['metrics single-task', `checkpoint single-task-${number}`])
          .flat(),
        `drop single-task-${number}`,
      ]),
    ]);
    expect(documents[0]).toMatchObject({ status: 'running', rows: { train: 96, validation: 0, test: 32 } });
    expect(documents.at(-1)).toBe(document);
    expect(document).toMatchObject({
      status: 'done',
      singleTask: { left: { steps: 6 }, right: { steps: 6 } },
      tasks: [{ name: 'left', primaryMetric: 'accuracy', better: { accuracy: 'higher', logLoss: 'lower' } }, {}],
    });
    expect(document).toHaveProperty('deltaM');
  });

  it('tells cosines and lengths of gradients of the epochs alone in which they were compared', async () => {
    const lines: { readonly cosines?: unknown; readonly gradientNorms?: unknown }[] = [];
    const { folder } = folderInMemory({ addMetrics: async (line) => void lines.push(line as object) });
    const run = await prepared(smallRun, ['training.epochs=3', 'balancing={ use: nash-mtl, updateEvery: 6 }']);
    await executeRun(run, around(folder));
    expect(lines.map(({ cosines, gradientNorms }) => [cosines !== undefined, gradientNorms !== undefined])).toEqual([
      [true, true],
      [false, false],
      [true, true],
    ]);
  });

  it('trains all again with further seeds, and keeps the model of the first', async () => {
    const lines: unknown[] = [];
    let models = 0;
    const { folder, writes } = folderInMemory({
      addMetrics: async ({ network, task, seed }) => void lines.push([network, task, seed]),
      saveModel: async () => void models++,
    });
    const run = await prepared(smallRun, ['repeat=2', 'seed=5', 'compare=single-task']);
    const document = await executeRun(run, around(folder));
    expect(lines).toEqual([
      ...[['joint'], ['single-task', 'left'], ['single-task', 'right']].map(([name, task]) => [name, task, undefined]),
      ...[['joint'], ['single-task', 'left'], ['single-task', 'right']].map(([name, task]) => [name, task, 6]),
    ]);
    expect(writes.filter((write) => write.startsWith('drop'))).toEqual([
      ...['drop single-task-1', 'drop single-task-2'],
      ...['drop repeat-2-joint', 'drop repeat-2-single-task-1', 'drop repeat-2-single-task-2'],
    ]);
    expect(models).toBe(1);
    expect(document).toMatchObject({
      status: 'done',
      seed: 5,
      repeats: [{ seed: 6, joint: { tasks: {} }, singleTask: { left: {}, right: {} }, deltaM: {} }],
      overSeeds: { seeds: [5, 6], transfer: { tasks: { left: { seeds: 2, verdict: 'cannot tell' } } } },
    });
    // The second seed is the run that `seed: 6` alone is, to the last bit.
    const alone = await executeRun(await prepared(smallRun, ['seed=6', 'compare=single-task']), around(folder));
    const [second] = document.repeats ?? [];
    expect(second?.joint?.tasks).toEqual(alone.joint?.tasks);
    expect(second?.singleTask?.right?.tasks).toEqual(alone.singleTask?.right?.tasks);
    expect(second?.deltaM).toEqual(alone.deltaM);
    expect(second?.joint?.tasks).not.toEqual(document.joint?.tasks);
  });

  it('keeps the joint results when it is stopped while comparing', async () => {
    const controller = new AbortController();
    const { folder } = folderInMemory({ saveModel: async () => queueMicrotask(() => {}) });
    const progress = {
      ...noProgress,
      begin: ({ label }: { label: string }) => void (label.includes('alone') && controller.abort()),
    };
    const run = await prepared(smallRun, ['compare=single-task']);
    const document = await executeRun(run, around(folder, controller.signal, progress));
    expect(document).toMatchObject({ status: 'interrupted', joint: { tasks: { left: {}, right: {} } } });
    expect(document).not.toHaveProperty('deltaM');
    expect(Object.keys(document.singleTask ?? {})).toEqual(['left']);
  });

  it('says in run.json that it failed, and fails', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const { folder, documents } = folderInMemory({ saveCheckpoint: () => Promise.reject(full) });
    await expect(executeRun(await prepared(), around(folder))).rejects.toBe(full);
    expect(documents.at(-1)).toMatchObject({ status: 'failed', error: { code: 'ENOSPC' } });
  });

  it('tells what went wrong first where not even that can be written', async () => {
    const first = new Error('the first');
    let calls = 0;
    const { folder } = folderInMemory({
      addMetrics: () => Promise.reject(first),
      writeDocument: () => (calls++ === 0 ? Promise.resolve() : Promise.reject(new Error('the second'))),
    });
    await expect(executeRun(await prepared(), around(folder))).rejects.toBe(first);
  });
});

describe('describeData', () => {
  it('counts the rows', async () => {
    expect(describeData(await prepared())).toBe('Data: multimnist; rows: 96 training, 32 test');
  });
});

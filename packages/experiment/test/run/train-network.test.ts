import { type Checkpoint, eager } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it, vi } from 'vitest';
import { smallRun } from '../../../../test/support/configs.js';
import { prepared } from '../../../../test/support/prepared.js';
import type { PreparedRun } from '../../src/parts/prepare-run.js';
import { noProgress } from '../../src/run/progress.js';
import { backendOf, type NetworkRun, secondsBefore, trainNetwork } from '../../src/run/train-network.js';

async function networkRun(run: PreparedRun, changes: Partial<NetworkRun> = {}): Promise<NetworkRun> {
  return {
    label: 'x',
    network: await run.joint(),
    executor: eager(),
    backend: () => 'cpu',
    training: run.training,
    data: run.data,
    seed: 1,
    signal: new AbortController().signal,
    progress: noProgress,
    epochEnd: async () => {},
    save: async () => {},
    ...changes,
  };
}

describe('trainNetwork', () => {
  it('reads what computed from a checkpoint, whoever made it', () => {
    const named = (backend: unknown) => backendOf({ state: { session: { backend } } as never, tensors: {} });
    expect(['cpu', 'compiled', 'auto', '__proto__', 7].map(named)).toEqual([
      'cpu',
      'compiled',
      undefined,
      undefined,
      undefined,
    ]);
    expect(backendOf(undefined)).toBeUndefined();
  });

  it('trains, measures, and leaves no tensor', async () => {
    const run = await prepared(smallRun, ['split.validation=0.25', 'training.epochs=2']);
    const epochEnd = vi.fn(async () => {});
    const network = await networkRun(run, { epochEnd });
    const before = tf.memory().numTensors;
    const result = await trainNetwork(network);
    expect(tf.memory().numTensors).toBe(before);
    expect(result).toMatchObject({
      parameters: 784 * 8 + 8 + 2 * (8 * 10 + 10),
      epochs: 2,
      steps: 6,
      stopped: 'epochs',
      tasks: { left: { rows: 32, loss: expect.any(Number), accuracy: expect.any(Number) }, right: { rows: 32 } },
    });
    expect(epochEnd).toHaveBeenCalledTimes(2);
  });

  it('accumulates the gradients of several batches of a step', async () => {
    const run = await prepared(smallRun, ['split.validation=0.25', 'training.epochs=2', 'training.accumulate=2']);
    const begin = vi.fn();
    const result = await trainNetwork(await networkRun(run, { progress: { ...noProgress, begin } }));
    expect(result.steps).toBe(4);
    expect(begin).toHaveBeenCalledWith(expect.objectContaining({ stepsPerEpoch: 2, rowsPerStep: 64 }));
  });

  it('measures nothing when it is stopped, but lets its state be saved', async () => {
    const controller = new AbortController();
    const progress = { ...noProgress, step: () => controller.abort() };
    const save = vi.fn(async ({ state }: Checkpoint) => {
      expect(state).toMatchObject({ epoch: 0, batch: 1, session: { seconds: expect.any(Number) } });
    });
    const result = await trainNetwork(
      await networkRun(await prepared(), { progress, save, signal: controller.signal }),
    );
    expect(result).toMatchObject({ steps: 1, epochs: 0, stopped: 'signal', seconds: { evaluation: 0 } });
    expect(result).not.toHaveProperty('tasks');
    expect(save).toHaveBeenCalledOnce();
  });

  it('keeps checkpoints as often as it is told, and goes on from any of them to the same model', async () => {
    const run = await prepared(smallRun, ['training.epochs=3', 'training.checkpoints.everySteps=2']);
    const saved: Checkpoint[] = [];
    const save = async (checkpoint: Checkpoint) => void saved.push(checkpoint);
    await trainNetwork(await networkRun(run, { save }));
    const steps = saved.map(({ state }) => (state.history as { steps: number }).steps);
    expect(steps).toEqual([2, 3, 4, 6, 8, 9]);
    for (const checkpoint of saved.slice(0, 3)) {
      const again: Checkpoint[] = [];
      await trainNetwork(await networkRun(run, { checkpoint, save: async (made) => void again.push(made) }));
      expect(again.at(-1)?.tensors).toEqual(saved.at(-1)?.tensors);
      expect(secondsBefore(again.at(-1))).toBeGreaterThan(secondsBefore(checkpoint));
    }
  });

  it('takes the progress away when something fails', async () => {
    const end = vi.fn();
    const epochEnd = () => Promise.reject(new Error('disk full'));
    const network = await networkRun(await prepared(), { progress: { ...noProgress, end }, epochEnd });
    await expect(trainNetwork(network)).rejects.toThrow('disk full');
    expect(end).toHaveBeenCalled();
  });
});

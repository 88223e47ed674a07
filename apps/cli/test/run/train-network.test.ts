import { eager } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it, vi } from 'vitest';
import type { PreparedRun } from '../../src/build/prepare-run.js';
import { noProgress } from '../../src/report/progress.js';
import { type NetworkRun, trainNetwork } from '../../src/run/train-network.js';
import { smallRun } from '../helpers/configs.js';
import { prepared } from '../helpers/prepared.js';

async function networkRun(run: PreparedRun, changes: Partial<NetworkRun> = {}): Promise<NetworkRun> {
  return {
    label: 'x',
    network: await run.joint(),
    executor: eager(),
    training: run.training,
    data: run.data,
    seed: 1,
    signal: new AbortController().signal,
    progress: noProgress,
    epochEnd: async () => {},
    ...changes,
  };
}

describe('trainNetwork', () => {
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

  it('measures nothing when it is stopped, but lets its state be saved', async () => {
    const controller = new AbortController();
    const progress = { ...noProgress, step: () => controller.abort() };
    const trained = vi.fn(async (_: unknown, checkpoint: () => Promise<{ state: object }>) => {
      expect((await checkpoint()).state).toHaveProperty('epoch', 0);
    });
    const result = await trainNetwork(
      await networkRun(await prepared(), { progress, trained, signal: controller.signal }),
    );
    expect(result).toMatchObject({ steps: 1, epochs: 0, stopped: 'signal', seconds: { evaluation: 0 } });
    expect(result).not.toHaveProperty('tasks');
    expect(trained).toHaveBeenCalledOnce();
  });

  it('takes the progress away when something fails', async () => {
    const end = vi.fn();
    const epochEnd = () => Promise.reject(new Error('disk full'));
    const network = await networkRun(await prepared(), { progress: { ...noProgress, end }, epochEnd });
    await expect(trainNetwork(network)).rejects.toThrow('disk full');
    expect(end).toHaveBeenCalled();
  });
});

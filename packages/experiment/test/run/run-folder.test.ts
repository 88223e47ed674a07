import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTrainer, mlp, regression, tableDataset } from '@polytask/core';
import { loadCheckpoint } from '@polytask/core/node';
import { hardSharing } from '@polytask/hard-sharing';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import type { MetricsLine, RunDocument } from '../../src/run/document.js';
import { openRunFolder } from '../../src/run/run-folder.js';

/** A line of the joint network. */
const line = (epoch: number, loss = 1): MetricsLine => ({
  network: 'joint',
  epoch,
  seconds: 1,
  steps: 3 * epoch,
  tasks: { y: { loss } },
});

describe('openRunFolder', () => {
  it('writes documents and lines', async () => {
    const folder = openRunFolder(folderWith());
    await folder.writeDocument({ status: 'running' } as RunDocument);
    await folder.writeDocument({ status: 'done', seed: 1 } as RunDocument);
    expect(JSON.parse(readFileSync(folder.files.run, 'utf8'))).toEqual({ status: 'done', seed: 1 });
    await folder.addMetrics(line(1, Number.NaN));
    await folder.addMetrics(line(2));
    const lines = [
      '{"network":"joint","epoch":1,"seconds":1,"steps":3,"tasks":{"y":{"loss":null}}}',
      '{"network":"joint","epoch":2,"seconds":1,"steps":6,"tasks":{"y":{"loss":1}}}',
    ];
    expect(readFileSync(folder.files.metrics, 'utf8')).toBe(`${lines.join('\n')}\n`);
  });

  it('writes checkpoints, and a model with its variables by path', async () => {
    const folder = openRunFolder(folderWith());
    const trainer = await createTrainer({ tasks: [regression('y')], sharing: hardSharing({ encoder: mlp([2]) }) });
    const train = tableDataset({ inputs: { x: { data: [1, 2, 3], shape: [3, 1] } }, columns: { y: [1, 2, 4] } });
    await trainer.fit(train, { epochs: 1 });
    const checkpoint = await trainer.checkpoint();
    const file = await folder.saveCheckpoint('joint', checkpoint, { keepLast: 1 });
    expect(file).toBe(join(folder.path, 'checkpoints/joint/epoch-1-step-1.safetensors'));
    await folder.saveModel(trainer as never, { config: { seed: 1 } });
    expect((await loadCheckpoint(file)).state).toEqual(checkpoint.state);
    const model = await loadCheckpoint(folder.files.model);
    expect(Object.keys(model.tensors)).toEqual([
      'trunk/dense0/kernel',
      'trunk/dense0/bias',
      'heads/y/outputs/value/kernel',
      'heads/y/outputs/value/bias',
    ]);
    expect(model.tensors['trunk/dense0/kernel']).toEqual(await trainer.parameters?.read('trunk/dense0/kernel'));
    expect(model.state).toMatchObject({
      config: { seed: 1 },
      inputs: { x: { shape: [1] } },
      constants: { y: { mean: expect.closeTo(7 / 3) } },
    });
    trainer.dispose();
  });

  it('keeps checkpoints by the policy, and drops those of a network that is done with', async () => {
    const folder = openRunFolder(folderWith());
    const save = (epoch: number, steps: number, bestEpoch?: number) =>
      folder.saveCheckpoint('joint', { state: { epoch, history: { steps } }, tensors: {} }, { keepLast: 2, bestEpoch });
    const names = () => readdirSync(folder.checkpoints('joint')).map((name) => name.replace('.safetensors', ''));
    await save(1, 9, 1);
    await save(1, 12, 1);
    await save(2, 20, 1);
    await save(3, 30, 1);
    expect(names()).toEqual(['epoch-1-step-9', 'epoch-2-step-20', 'epoch-3-step-30']);
    await save(4, 40, 3);
    await save(5, 50, 3);
    await save(6, 60, 3);
    expect(names().sort()).toEqual(['epoch-3-step-30', 'epoch-5-step-50', 'epoch-6-step-60']);
    await folder.dropCheckpoints('joint');
    expect(existsSync(folder.checkpoints('joint'))).toBe(false);
  });

  it('takes lines out that are not wanted, and half ones', async () => {
    const folder = openRunFolder(folderWith());
    await folder.keepMetrics(() => true);
    for (const epoch of [1, 2, 3]) await folder.addMetrics(line(epoch));
    const text = readFileSync(folder.files.metrics, 'utf8');
    writeFileSync(folder.files.metrics, `${text}{"network":"joint","epoch":1}\n{"network":"joint","ep`);
    await folder.keepMetrics(({ epoch }) => epoch <= 2);
    expect(readFileSync(folder.files.metrics, 'utf8')).toBe(text.split('\n').slice(0, 2).join('\n').concat('\n'));
  });

  it('removes what a killed process left, and nothing else', async () => {
    const cut = 'epoch-1-step-1.safetensors.01234567-89ab-cdef-0123-456789abcdef.tmp';
    const path = folderWith({ [`checkpoints/joint/${cut}`]: '', 'notes.tmp': 'mine', 'checkpoints/joint/a': '' });
    await openRunFolder(path).removeLeftovers();
    expect(readdirSync(path, { recursive: true }).sort()).toEqual([
      'checkpoints',
      'checkpoints/joint',
      'checkpoints/joint/a',
      'notes.tmp',
    ]);
  });
});

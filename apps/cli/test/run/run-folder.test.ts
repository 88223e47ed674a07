import { readFileSync } from 'node:fs';
import { createTrainer, mlp, regression, tableDataset } from '@polytask/core';
import { loadCheckpoint } from '@polytask/core/node';
import { hardSharing } from '@polytask/hard-sharing';
import { describe, expect, it } from 'vitest';
import type { RunDocument } from '../../src/report/document.js';
import { openRunFolder } from '../../src/run/run-folder.js';
import { folderWith } from '../helpers/folder.js';

describe('openRunFolder', () => {
  it('writes documents and lines', async () => {
    const folder = openRunFolder(folderWith());
    await folder.writeDocument({ status: 'running' } as RunDocument);
    await folder.writeDocument({ status: 'done', seed: 1 } as RunDocument);
    expect(JSON.parse(readFileSync(folder.files.run, 'utf8'))).toEqual({ status: 'done', seed: 1 });
    await folder.addMetrics({ epoch: 1, loss: Number.NaN });
    await folder.addMetrics({ epoch: 2 });
    expect(readFileSync(folder.files.metrics, 'utf8')).toBe('{"epoch":1,"loss":null}\n{"epoch":2}\n');
  });

  it('writes checkpoints, and a model with its variables by path', async () => {
    const folder = openRunFolder(folderWith());
    const trainer = await createTrainer({ tasks: [regression('y')], sharing: hardSharing({ encoder: mlp([2]) }) });
    const train = tableDataset({ inputs: { x: { data: [1, 2, 3], shape: [3, 1] } }, columns: { y: [1, 2, 4] } });
    await trainer.fit(train, { epochs: 1 });
    const checkpoint = await trainer.checkpoint();
    await folder.saveCheckpoint(checkpoint);
    await folder.saveModel(trainer as never, { config: { seed: 1 } });
    expect((await loadCheckpoint(folder.files.checkpoint)).state).toEqual(checkpoint.state);
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
});

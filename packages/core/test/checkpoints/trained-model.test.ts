import { type AnyTask, eager, type HostTensor, type MultiTaskDataset, mlp, type Trainer } from '@polytask/core';
import { strict } from '@polytask/core/testing';
import { describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { leavingNoTensor, makeTable, mixedTrainer, restlessSharing } from '../training/fixtures.js';

const keep = leavingNoTensor();

const train = makeTable(40, 1);
const test = makeTable(16, 2, false) as MultiTaskDataset;
const fit = { epochs: 2, batchSize: 8 };
const rows = { x: { data: Float32Array.of(0.1, 0.9, 0.3, 0.7, 0.2, 0.5), shape: [2, 3] } };

async function trained(): Promise<Trainer<readonly AnyTask[]>> {
  const trainer = keep(await mixedTrainer({ sharing: restlessSharing() }));
  await trainer.fit(train, fit);
  return trainer;
}

describe('a model', () => {
  it('predicts and measures the same in another trainer, whose seed and executor may differ', async () => {
    const trainer = await trained();
    const model = await trainer.model();
    expect(Object.keys(model.variables)).toContain('trunk/dense0/kernel');
    expect(model).toMatchObject({ inputs: { x: { shape: [3] } }, constants: { level: { mean: expect.any(Number) } } });
    for (const executor of [eager(), strict()]) {
      const other = keep(await mixedTrainer({ sharing: restlessSharing(), seed: 2, executor }));
      await other.loadModel(model);
      expect(await other.predict(rows)).toEqual(await trainer.predict(rows));
      expect(await other.evaluate(test)).toEqual(await trainer.evaluate(test));
      expect(await other.model()).toEqual(model);
    }
  });

  it('is of one moment, and comes to the host once', async () => {
    let downloads = 0;
    const counting = {
      ...eager(),
      async open(layout: never) {
        const session = await eager().open(layout);
        const download = (handle: never) => {
          downloads += 1;
          return session.download(handle);
        };
        return { ...session, download };
      },
    };
    const trainer = keep(await mixedTrainer({ sharing: restlessSharing(), executor: counting as never }));
    await trainer.fit(train, fit);
    downloads = 0;
    const model = await trainer.model();
    expect(downloads).toBe(2);
    const kept = structuredClone(model);
    await trainer.fit(train, { ...fit, epochs: 3 });
    expect(model).toEqual(kept);
    expect(await trainer.model()).not.toEqual(kept);
  });

  it('can be trained on, from its first epoch and with its constants', async () => {
    const model = await (await trained()).model();
    const other = keep(await mixedTrainer({ sharing: restlessSharing() }));
    await other.loadModel(model);
    const history = await other.fit(makeTable(40, 3), { ...fit, epochs: 1 });
    expect(history.steps).toBe(5);
    expect((await other.model()).constants).toEqual(model.constants);
  });

  it.each<[string, (variables: Record<string, HostTensor>) => void, RegExp]>([
    [
      'lacks a variable',
      (variables) => delete variables['trunk/dense0/kernel'],
      /it has no variable `trunk\/dense0\/kernel`/,
    ],
    [
      'has another',
      (variables) => (variables['trunk/more'] = { data: Float32Array.of(1), shape: [1] }),
      /`trunk\/more`, which this model has not/,
    ],
    [
      'has another shape',
      (variables) => (variables['trunk/dense0/kernel'] = { data: Float32Array.of(1), shape: [1] }),
      /`trunk\/dense0\/kernel` is \[1\], not \[3, 5\]/,
    ],
  ])('is refused where it %s, and the trainer keeps its own', async (_, change, message) => {
    const trainer = await trained();
    const own = await trainer.predict(rows);
    const variables = { ...(await trainer.model()).variables };
    change(variables);
    const loading = trainer.loadModel({ ...(await trainer.model()), variables });
    await expect(loading).rejects.toMatchObject({
      code: 'POLYTASK_CHECKPOINT',
      message: expect.stringMatching(message),
    });
    expect(await trainer.predict(rows)).toEqual(own);
  });

  it('is there only after training', async () => {
    const trainer = keep(
      await mixedTrainer({ sharing: tinySharing(mlp([2])), inputs: { x: { shape: [3], dtype: 'float32' } } }),
    );
    await expect(trainer.model()).rejects.toMatchObject({ code: 'POLYTASK_NO_MODEL' });
  });
});

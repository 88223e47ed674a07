import { type AnyTask, type Batch, classification, mlp, regression } from '@polytask/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { withPrimitives } from '../helpers/vectors.js';
import { makeTable } from './fixtures.js';

beforeEach(() => useBackend('cpu'));

const train = makeTable(12, 'primitives', false);
const tamed: readonly AnyTask[] = [classification('kind', { classes: 3 }), regression('level')];
const smooth = (encoder = mlp([4], { activation: 'tanh' })) => tinySharing(encoder);

describe('further batches', () => {
  const ids = (batch: Batch) => Array.from(batch.ids.kind as Int32Array);

  it('may be others of the training data, or of the validation data; each has random numbers of its own', async () => {
    const validation = makeTable(5, 'validation', false);
    const sharing = smooth(mlp([6], { dropout: 0.5 }));
    await withPrimitives({ tasks: tamed, sharing }, { train, validation, batchSize: 4, steps: 2 }, async (p) => {
      const [second, third] = [await p.anotherBatch(), await p.anotherBatch()];
      const checked = await p.validationBatch();
      expect([second, third, checked].map(({ size }) => size)).toEqual([4, 4, 4]);
      expect(new Set([p.batch, second, third].map((batch) => ids(batch).join())).size).toBe(3);
      expect(Math.max(...ids(checked))).toBeLessThan(5);
      // The same batch twice: the same dropout. The same rows as another batch: another one.
      expect(await p.losses()).toEqual(await p.losses());
      const copy = { ...p.batch };
      const [here, there] = [await p.losses(), await p.losses({ batch: copy })];
      expect(Array.from(there)).not.toEqual(Array.from(here));
      expect(await p.losses({ batch: copy })).toEqual(there);
    });
  });

  it('of the training data go through all rows before any comes again', async () => {
    const seen: number[] = [];
    await withPrimitives({ tasks: tamed, sharing: smooth() }, { train, batchSize: 4, steps: 3 }, async (p) => {
      seen.push(...ids(await p.anotherBatch()));
    });
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });
});

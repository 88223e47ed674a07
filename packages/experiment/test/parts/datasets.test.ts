import type { TableDataset } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { buildPart } from '../../src/parts/build-part.js';
import type { LoadedData } from '../../src/parts/loaded-data.js';

import { tableFor } from '../../src/parts/tables.js';

const load = (config: object) => {
  const told: string[] = [];
  return buildPart<LoadedData>(config, ['data'], tableFor('data'), { folder: '/nowhere' }, (path, { message }) => {
    told.push(`${path.join('.')}: ${message}`);
  }).then((data) => ({ data, told }));
};

describe('multimnist', () => {
  it('gives rows to learn from and rows to be measured on', async () => {
    const { data } = await load({ use: 'multimnist', size: { train: 20, test: 10 }, layout: 'image' });
    expect([data?.train.size, data?.test?.size]).toEqual([20, 10]);
    expect(data?.train.inputs).toMatchObject({ image: { shape: [28, 28, 1] } });
    expect(data?.train.columns).toEqual(['left', 'right', 'sum']);
  });

  it('takes labels away from training images alone', async () => {
    const { data } = await load({ use: 'multimnist', size: { train: 20, test: 10 }, labelled: { left: 5 } });
    const known = [data?.train, data?.test].map((rows) =>
      [...((rows as TableDataset).labels('left').targets.data as Int32Array)].filter((label) => label >= 0),
    );
    expect(known.map(({ length }) => length)).toEqual([5, 10]);
    expect((await load({ use: 'multimnist', size: { train: 20, test: 1 }, labelled: { lft: 5 } })).told).toEqual([
      expect.stringMatching(/^data\.labelled\.lft: There is no column named `lft`/),
    ]);
  });

  it('depends on its own seed', async () => {
    const labels = async (seed: number) => {
      const { data } = await load({ use: 'multimnist', seed, size: { train: 50, test: 1 } });
      return [...((data as LoadedData).train as TableDataset).labels('right').targets.data];
    };
    expect(await labels(1)).toEqual(await labels(1));
    expect(await labels(1)).not.toEqual(await labels(2));
  });

  it('says where it cannot be had', async () => {
    expect((await load({ use: 'multimnist', folder: 'mnist' })).told).toEqual([
      expect.stringMatching(/^data\.use: .*\/nowhere\/mnist/),
    ]);
    expect((await load({ use: 'multimnist', canvas: 30, size: { train: 1, test: 1 } })).told).toEqual([
      expect.stringMatching(/^data\.canvas: Option `canvas` must be a whole number from 34/),
    ]);
  });
});

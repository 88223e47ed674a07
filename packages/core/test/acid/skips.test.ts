import { denseClassification, mlp, sgd, tableDataset, uniformFloats } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { branches } from './methods/branches.js';
import { pcgrad } from './methods/pcgrad.js';
import { skipEncoder } from './methods/skip-encoder.js';
import { expectResumes, trained } from './support/runs.js';

const rows = 4;
const pixels = uniformFloats(rows * 64, 'pixels');
const bright = Int32Array.from(pixels, (value) => (value > 0.5 ? 1 : 0));
const data = tableDataset({
  inputs: { image: { data: pixels, shape: [rows, 8, 8, 1] } },
  columns: {
    bright: { data: bright, shape: [rows, 8, 8] },
    dark: { data: bright.map((value) => 1 - value), shape: [rows, 8, 8] },
  },
});
const tasks = ['bright', 'dark'].map((name) => denseClassification(name, { classes: 2, positions: [8, 8] }));
const encoder = skipEncoder([3, 4]);
const fit = { epochs: 8, batchSize: 4, shuffle: false };

test.each([1, 2, 3])('an encoder with skips, cut after stage %i, trains', async (shared) => {
  const options = { tasks, sharing: branches(encoder, shared), optimizer: sgd({ learningRate: 0.5 }) };
  await trained(options, data, fit, ({ trainer, values }) => {
    const losses = trainer.history?.tasks.bright?.trainLoss ?? [];
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    const stages = ['down0', 'down1', 'up1', 'up0'];
    const paths = Object.keys(values);
    expect(stages.slice(0, shared).every((stage) => paths.includes(`trunk/${stage}/kernel`))).toBe(true);
    expect(stages.slice(shared).every((stage) => paths.includes(`branches/dark/${stage}/kernel`))).toBe(true);
  });
});

test('an encoder with skips uncut, under gradient balancing, and resumed', async () => {
  const options = () => ({ tasks, sharing: tinySharing(encoder, mlp([], { flatten: false })), balancing: pcgrad() });
  await expectResumes(options, data, { epochs: 2, batchSize: 2 }, 1);
});

test('intermediates of rows: skips as they were seen', async () => {
  await trained({ tasks, sharing: branches(encoder, 2) }, data, { epochs: 1, batchSize: 4 }, async ({ trainer }) => {
    const image = { data: pixels.slice(0, 64), shape: [1, 8, 8, 1] };
    const { intermediates, features } = await trainer.inspect({ image });
    expect(Array.from(intermediates.skip0?.data ?? [])).toEqual(Array.from(image.data));
    expect(intermediates.skip1?.shape).toEqual([1, 4, 4, 3]);
    expect(features.bright?.shape).toEqual([1, 8, 8, 3]);
  });
});

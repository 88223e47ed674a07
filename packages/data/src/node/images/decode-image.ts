import { inflateSync } from 'node:zlib';
import { DatasetError } from '@polytask/core';

/** Pixels of an image: rows of pixels from the top, each with its channels. */
export interface DecodedImage {
  readonly height: number;
  readonly width: number;
  /** 1 grey, 3 colour; transparency is left out. */
  readonly channels: 1 | 3;
  /** `[height × width × channels]` */
  readonly data: Uint8Array;
}

/** Images of more pixels are refused before anything is made for them. */
const mostPixels = 64 << 20;
/** More than deflate can pack into one byte, and what an image may take whatever it says. */
const maxInflation = 1032;
const harmless = 64 << 20;

const pixelChunks = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'];

/**
 * Decodes a PNG or JPEG image. Sizes are read from the header and checked before anything is allocated.
 *
 * @param name - What errors call it.
 * @throws DatasetError (`POLYTASK_DATASET`) where it is neither, is broken or too large.
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<DecodedImage> {
  try {
    if (bytes[0] === 0x89 && bytes[1] === 0x50) return await decodePng(bytes);
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return await decodeJpeg(bytes);
  } catch (error) {
    throw new DatasetError(`${name} must be a whole image, but: ${(error as Error).message}`, { cause: error });
  }
  throw new DatasetError(`${name} must be a PNG or JPEG image, but does not begin like one.`);
}

async function decodePng(bytes: Uint8Array): Promise<DecodedImage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 33) throw new Error('it ends within its header');
  const size = view.getUint32(16) * view.getUint32(20);
  if (size === 0 || size > mostPixels) throw new Error(`it says that it has ${size} pixels`);
  // Up to four channels of 16 bits, and a byte per line.
  const most = 8 * size + view.getUint32(20);
  const chunks = chunksOf(bytes, view);
  if (bytes.length * maxInflation > Math.max(harmless, most)) {
    const packed = chunks.filter(({ type }) => type === 'IDAT').map(({ all }) => all.subarray(8, -4));
    inflateSync(Buffer.concat(packed), { maxOutputLength: most });
  }
  const { convertIndexedToRgb, decode } = await import('fast-png');
  const image = decode(Buffer.concat([bytes.subarray(0, 8), ...chunks.map(({ all }) => all)]));
  const { width, height, palette } = image;
  if (palette !== undefined) {
    const rgb = convertIndexedToRgb(image);
    return pixels(width, height, rgb, rgb.length / (width * height), 8);
  }
  const { channels, depth } = image;
  const data = depth < 8 ? unpacked(image.data as Uint8Array, width, height, depth) : image.data;
  return pixels(width, height, data, channels, depth);
}

async function decodeJpeg(bytes: Uint8Array): Promise<DecodedImage> {
  const { default: jpeg } = await import('jpeg-js');
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    maxResolutionInMP: mostPixels / 1e6,
    maxMemoryUsageInMB: 1024,
  });
  return { width, height, channels: 3, data };
}

/** The chunks of a PNG that make its pixels. Others, such as colour profiles, may be packed too, and unpack to anything. */
function chunksOf(bytes: Uint8Array, view: DataView): { type: string; all: Uint8Array }[] {
  const chunks: { type: string; all: Uint8Array }[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (end > bytes.length) throw new Error(`it ends within its chunk ${JSON.stringify(type)}`);
    if (pixelChunks.includes(type)) chunks.push({ type, all: bytes.subarray(at, end) });
    at = end;
  }
  return chunks;
}

/** Eight bits per value, without transparency; grey with a colour's channels is left as colour. */
function pixels(width: number, height: number, data: ArrayLike<number>, channels: number, depth: number): DecodedImage {
  const kept = channels < 3 ? 1 : 3;
  const size = width * height;
  const bytes = new Uint8Array(size * kept);
  for (let pixel = 0; pixel < size; pixel++) {
    for (let c = 0; c < kept; c++) {
      const value = data[pixel * channels + c] as number;
      bytes[pixel * kept + c] = depth === 16 ? value >> 8 : value;
    }
  }
  return { width, height, channels: kept, data: bytes };
}

/** Grey values of less than eight bits, spread over 0 to 255; lines begin at whole bytes. */
function unpacked(data: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const lineBytes = Math.ceil((width * depth) / 8);
  const greatest = (1 << depth) - 1;
  const values = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = data[y * lineBytes + (bit >> 3)] as number;
      values[y * width + x] = (((byte >> (8 - depth - (bit & 7))) & greatest) * 255) / greatest;
    }
  }
  return values;
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DatasetError, PolytaskError } from '@polytask/core';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type IdxArray, parseIdx, readIdx } from '../../../src/node/images/idx.js';

const folder = mkdtempSync(join(tmpdir(), 'polytask-idx-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An idx file of bytes. */
function idxBytes(shape: readonly number[], data: ArrayLike<number>, code = 8): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(code, 2);
  header.writeUInt8(shape.length, 3);
  shape.forEach((dimension, d) => {
    header.writeUInt32BE(dimension, 4 + 4 * d);
  });
  return new Uint8Array(Buffer.concat([header, Uint8Array.from(data)]));
}

/** What comes of bytes: an array, or the error, which has to be one of ours. */
function outcome(bytes: Uint8Array): IdxArray | PolytaskError {
  try {
    return parseIdx(bytes);
  } catch (error) {
    if (PolytaskError.isInstance(error)) return error;
    throw error;
  }
}

const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
const files = shapes.chain((shape) => {
  const length = shape.reduce((product, dimension) => product * dimension, 1);
  return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ shape, data }));
});

describe('reads', () => {
  test('bytes of any shape, packed or not', () => {
    fc.assert(
      fc.property(files, fc.boolean(), ({ shape, data }, packed) => {
        const bytes = idxBytes(shape, data);
        expect(parseIdx(packed ? gzipSync(bytes) : bytes)).toEqual({ shape, data });
      }),
    );
  });

  test.each([
    [0x09, [0xff, 0x7f], Int8Array.of(-1, 127)],
    [0x0b, [0xff, 0xfe, 0x01, 0x00], Int16Array.of(-2, 256)],
    [0x0c, [0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0], Int32Array.of(-3, 65536)],
    [0x0d, [0xbf, 0xc0, 0, 0, 0x40, 0, 0, 0], Float32Array.of(-1.5, 2)],
    [0x0e, [0xbf, 0xf8, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0], Float64Array.of(-1.5, 2)],
  ])('type %i, big-endian', (code, data, expected) => {
    expect(parseIdx(idxBytes([2], data, code))).toEqual({ data: expected, shape: [2] });
  });

  test('bytes without a copy, wherever they lie in a buffer', () => {
    const bytes = Buffer.concat([Uint8Array.of(9, 9, 9), idxBytes([2], [5, 7])]).subarray(3);
    const { data } = parseIdx(bytes);
    expect(data).toEqual(Uint8Array.of(5, 7));
    expect(data.buffer).toBe(bytes.buffer);
  });

  test('files, packed or not', async () => {
    const bytes = idxBytes([2, 2], [1, 2, 3, 4]);
    const plain = join(folder, 'plain');
    const packed = join(folder, 'packed.gz');
    writeFileSync(plain, bytes);
    writeFileSync(packed, gzipSync(bytes));
    expect(await readIdx(plain)).toEqual({ data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2] });
    expect(await readIdx(packed)).toEqual(await readIdx(plain));
  });

  test('a packed file of which more than the head is needed', () => {
    const data = Uint8Array.from({ length: 50_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
    expect(parseIdx(gzipSync(idxBytes([50_000], data))).data).toEqual(data);
  });
});

describe('refuses, saying why', () => {
  const good = idxBytes([2, 3], [1, 2, 3, 4, 5, 6]);
  const packed = gzipSync(good);
  test.each([
    ['nothing', new Uint8Array(0), /begins with nothing: it is no idx file/],
    ['text', Buffer.from('label,pixel0'), /begins with 6c 61 62 65/],
    ['another type', idxBytes([1], [0], 0x0a), /begins with 00 00 0a 01/],
    ['no dimensions', Uint8Array.of(0, 0, 8, 0, 1), /1 to 8 dimensions, but has 0/],
    ['too many dimensions', idxBytes(new Array(9).fill(1), [0]), /1 to 8 dimensions, but has 9/],
    ['half a header', good.subarray(0, 9), /12 bytes of header, but ends after 9/],
    ['an empty shape', idxBytes([0, 3], []), /shape of data, but has \[0, 3\]/],
    ['a file cut short', good.subarray(0, 17), /18 bytes for its shape \[2, 3\], but has 17: it is cut short/],
    ['a file with more', Buffer.concat([good, good]), /18 bytes for its shape \[2, 3\], but has 36: it is too long/],
    ['dimensions that overflow', idxBytes([2 ** 32 - 1, 2 ** 32 - 1], [1]), /shape of data/],
    ['dimensions beyond memory', idxBytes([2 ** 32 - 1, 1000], [1]), /must have 4294967295012 bytes .* cut short/],
    ['a packed file cut short', packed.subarray(0, -9), /whole gzip file/],
    ['a packed file of a few bytes', packed.subarray(0, 12), /no idx file|whole gzip file|header/],
    ['packed text', gzipSync('label,pixel0'), /no idx file/],
    ['packed dimensions beyond memory', gzipSync(idxBytes([2 ** 32 - 1], [1])), /too short for that/],
    ['a packed file that unpacks to more', gzipSync(Buffer.concat([good, Buffer.alloc(1 << 26)])), /gzip|larger/i],
    ['a packed file with less in it', gzipSync(good.subarray(0, 17)), /cut short/],
  ])('%s', (_, bytes, message) => {
    expect(() => parseIdx(bytes)).toThrow(DatasetError);
    expect(() => parseIdx(bytes, 'this file')).toThrow(message);
  });

  test('what is not there, and what is a folder', async () => {
    await expect(readIdx(join(folder, 'none'))).rejects.toThrow(/must be readable, but: ENOENT/);
    await expect(readIdx(folder)).rejects.toThrow(DatasetError);
  });

  test('a file whose header asks for more than it has, before reading it', async () => {
    const path = join(folder, 'short');
    writeFileSync(path, idxBytes([1000, 28, 28], [1, 2, 3]));
    await expect(readIdx(path)).rejects.toThrow(/must have 784016 bytes .* but has 19/);
  });
});

describe('fuzz: always an array that fits, or a PolytaskError', () => {
  const check = (bytes: Uint8Array) => {
    const before = process.memoryUsage().arrayBuffers;
    const result = outcome(bytes);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 26);
    if (PolytaskError.isInstance(result)) expect(result.code).toBe('POLYTASK_DATASET');
    else expect(result.data.length).toBe(result.shape.reduce((product, dimension) => product * dimension, 1));
  };

  test('any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), check), { numRuns: 500 });
  });

  test('any header', () => {
    const dimension = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    const header = fc.tuple(fc.array(dimension, { maxLength: 9 }), fc.nat(16), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(header, ([shape, code, data]) => check(idxBytes(shape, data, code))),
      { numRuns: 500 },
    );
  });

  const spoil = (bytes: Uint8Array, end: number, at: number, value: number) => {
    const spoiled = Uint8Array.from(bytes).subarray(0, bytes.length - (end % (bytes.length + 1)));
    if (spoiled.length > 0) spoiled[at % spoiled.length] = value;
    return spoiled;
  };

  test('a good file, cut and spoiled', () => {
    const property = fc.property(files, fc.nat(8), fc.nat(), fc.nat(255), ({ shape, data }, end, at, value) => {
      check(spoil(idxBytes(shape, data), end, at, value));
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('a good packed file, cut and spoiled', () => {
    const property = fc.property(files, fc.nat(20), fc.nat(), fc.nat(255), ({ shape, data }, end, at, value) => {
      check(spoil(gzipSync(idxBytes(shape, data)), end, at, value));
    });
    fc.assert(property, { numRuns: 500 });
  });
});

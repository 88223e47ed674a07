import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/node/images/decode-image.js';
import { loadImages, readImages } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

/** A PNG of one colour. */
const png = (value: readonly number[], width = 3, height = 2, depth: 8 | 16 = 8) => {
  const numbers = Array.from({ length: width * height }, () => value).flat();
  const data = depth === 16 ? Uint16Array.from(numbers) : Uint8Array.from(numbers);
  return encode({ width, height, channels: value.length, depth, data });
};

describe('decodeImage', () => {
  it('reads grey, colour, transparency and 16 bits', async () => {
    const first = async (bytes: Uint8Array) => {
      const { channels, data } = await decodeImage(bytes, 'x');
      return [...data.subarray(0, channels)];
    };
    expect(await first(png([7]))).toEqual([7]);
    expect(await first(png([1, 2, 3]))).toEqual([1, 2, 3]);
    expect(await first(png([1, 2, 3, 128]))).toEqual([1, 2, 3]);
    expect(await first(png([9, 128]))).toEqual([9]);
    expect(await first(png([0x1234], 3, 2, 16))).toEqual([0x12]);
  });

  it('reads palettes and single bits', async () => {
    // Made by hand: 2 × 2 pixels, of one bit each, black and white by turns; a grey image and one with a palette.
    const chunk = (name: string, data: Uint8Array) => {
      const body = Buffer.concat([Buffer.from(name), data]);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(data.length);
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(crc32(body));
      return Buffer.concat([length, body, sum]);
    };
    const { deflateSync, crc32: native } = await import('node:zlib');
    const crc32 = native ?? crc;
    const image = (colourType: number, ...more: Buffer[]) =>
      Buffer.concat([
        Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
        chunk('IHDR', Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 2, 1, colourType, 0, 0, 0)),
        ...more,
        chunk('IDAT', deflateSync(Uint8Array.of(0, 0b01000000, 0, 0b10000000))),
        chunk('IEND', new Uint8Array()),
      ]);
    expect([...(await decodeImage(image(0), 'grey')).data]).toEqual([0, 255, 255, 0]);
    const palette = chunk('PLTE', Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect([...(await decodeImage(image(3, palette), 'palette')).data]).toEqual([1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3]);
  });

  it('reads JPEG', async () => {
    const data = Buffer.from(Array.from({ length: 64 }, () => [200, 100, 50, 255]).flat());
    const {
      width,
      height,
      channels,
      data: found,
    } = await decodeImage(jpeg.encode({ width: 8, height: 8, data }, 100).data, 'x');
    expect([width, height, channels]).toEqual([8, 8, 3]);
    [200, 100, 50].forEach((value, c) => {
      expect(Math.abs((found[c] as number) - value)).toBeLessThan(6);
    });
  });

  it('unpacks nothing but pixels', async () => {
    const { deflateSync } = await import('node:zlib');
    const whole = Buffer.from(png([1, 2, 3]));
    // A colour profile of 256 MB in 256 kB, which decoders unpack whole.
    const name = Buffer.from('iCCPprofile\0\0');
    const body = Buffer.concat([name, deflateSync(Buffer.alloc(1 << 28), { level: 9 })]);
    const chunk = Buffer.alloc(body.length + 8);
    chunk.writeUInt32BE(body.length - 4);
    body.copy(chunk, 4);
    chunk.writeUInt32BE(crc(body), body.length + 4);
    const bomb = Buffer.concat([whole.subarray(0, 33), chunk, whole.subarray(33)]);
    const before = process.memoryUsage().rss;
    expect((await decodeImage(bomb, 'x')).data.subarray(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(process.memoryUsage().rss - before).toBeLessThan(1 << 27);
    await expect(decodeImage(bomb.subarray(0, 1000), 'x.png')).rejects.toThrow(/ends within its chunk "iCCP"/);
  });

  it('refuses what is no image, and sizes that nobody can hold', async () => {
    await expect(decodeImage(Uint8Array.of(1, 2, 3), 'x.png')).rejects.toThrow(/x.png must be a PNG or JPEG/);
    const huge = png([1]).slice();
    new DataView(huge.buffer).setUint32(16, 2 ** 31 - 1);
    await expect(decodeImage(huge, 'x.png')).rejects.toThrow(/pixels/);
    await expect(decodeImage(png([1]).subarray(0, 40), 'x.png')).rejects.toThrow(/x.png must be a whole image/);
  });

  it('never ends otherwise than with an image or its own error, whatever the bytes', async () => {
    const whole = png([1, 2, 3]);
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, async (given) => {
        const broken = whole.slice();
        for (const [at, value] of given) broken[at] = value;
        const result = await decodeImage(broken, 'x').catch((error: { code?: string }) => error);
        expect('data' in result || result.code === 'POLYTASK_DATASET').toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('readImages and loadImages', () => {
  it('read images of one size into bytes, grey or coloured', async () => {
    const folder = folderWith({ 'a.png': png([10]), 'b.png': png([30, 60, 90]), 'c.png': png([1], 4, 4) });
    const at = (...names: string[]) => names.map((name) => join(folder, name));
    const grey = await readImages(at('a.png', 'b.png'));
    expect([grey.shape, grey.scale]).toEqual([[2, 2, 3, 1], 1 / 255]);
    // 0.299 · 30 + 0.587 · 60 + 0.114 · 90 = 54.45
    expect([grey.data[0], grey.data[6]]).toEqual([10, 54]);
    expect((await readImages(at('a.png', 'b.png'), { channels: 3 })).data.subarray(17, 20)).toEqual(
      Uint8Array.of(10, 30, 60),
    );
    await expect(readImages(at('a.png', 'c.png'))).rejects.toThrow(/c.png is 4 × 4/);
    await expect(readImages(at('none.png'))).rejects.toThrow(/none.png must be readable/);
    const several = readImages(at('nowhere.png', 'a.png', 'none.png', 'c.png', 'nothing.png'));
    await expect(several).rejects.toThrow(
      /nowhere\.png must be .*\n.*none\.png must be readable.*\n.*c\.png is 4 × 4.*\n.*nothing\.png must be readable/,
    );
  });

  it('take classes from folders', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`${i % 2 ? 'dog' : 'cat'}/${i}.png`, png([i % 2 ? 200 : 20])]),
    );
    const folder = folderWith({ ...files, 'notes.txt': 'x' });
    const loaded = await loadImages({
      folder,
      labels: [{ column: 'class', kind: 'class' }],
      split: { test: 0.2, seed: 1 },
    });
    expect([loaded.train.size, loaded.test?.size, loaded.train.inputs.image?.shape]).toEqual([8, 2, [2, 3, 1]]);
    const { inputs, columns } = loaded.train.gather([0, 1, 2, 3, 4, 5, 6, 7]);
    columns.class?.data.forEach((id, row) => {
      expect(inputs.image?.data[6 * row]).toBeCloseTo(id === 1 ? 200 / 255 : 20 / 255, 6);
    });
    expect(loaded.encoding.labels[0]).toMatchObject({ classes: ['cat', 'dog'] });
  });

  it('are alike in all parts, whatever the images of each are', async () => {
    const count = 8;
    const files = Array.from({ length: count }, (_, i) => [`${i}.png`, png(i < 6 ? [90, 60, 30] : [40 + i])] as const);
    const lines = files.map(([name], i) => `${name},${'ab'[i % 2]},${i < 6 ? 'train' : 'test'}`);
    const folder = folderWith({ ...Object.fromEntries(files), 't.csv': ['file,kind,part', ...lines, ''].join('\n') });
    const labels = [{ column: 'kind', kind: 'class' }] as const;
    const options = { folder, table: join(folder, 't.csv'), labels, split: { column: 'part' } };
    // Those for testing are grey: their one number is that of all three colours.
    const { train, test } = await loadImages(options);
    expect([train.inputs.image?.shape, test?.inputs.image?.shape]).toEqual([
      [2, 3, 3],
      [2, 3, 3],
    ]);
    const { data } = test?.gather([0]).inputs.image ?? { data: [] };
    expect([...data.slice(0, 3)].map((value) => Math.round(255 * value))).toEqual([46, 46, 46]);
    // Another size in one part is told, with the names of both files, or scaled.
    writeFileSync(join(folder, '7.png'), png([47], 6, 4));
    await expect(loadImages(options)).rejects.toThrow(/as large as .*0\.png, 2 × 3, but .*7\.png is 4 × 6/);
    const scaled = await loadImages({ ...options, size: [4, 6] });
    expect([scaled.train.inputs.image?.shape, scaled.test?.size]).toEqual([[4, 6, 3], 2]);
  });

  it('take labels from a table', async () => {
    const table = 'file,angle,kind\nimages/a.png,1.5,x\nimages/b.png,,y\n';
    const folder = folderWith({
      'images/a.png': png([1]),
      'images/b.png': png([2]),
      'labels.csv': table,
      '..y.png': png([1]),
      '..z/y.png': png([2]),
      'out.csv': 'file,kind\n../x.png,x\n',
    });
    const labels = [
      { column: 'angle', kind: 'number' },
      { column: 'kind', kind: 'class' },
    ] as const;
    const { train } = await loadImages({ folder, table: join(folder, 'labels.csv'), labels });
    expect(train.labels('angle').targets.data).toEqual(Float32Array.of(1.5, Number.NaN));
    await expect(loadImages({ folder, table: join(folder, 'labels.csv'), path: 'fil', labels })).rejects.toThrow(
      /Did you mean `file`/,
    );
    const outside = { folder, table: join(folder, 'out.csv'), labels: [labels[1]] };
    await expect(loadImages(outside)).rejects.toThrow(/must be a path within/);
    symlinkSync('/etc', join(folder, 'etc'));
    symlinkSync('/etc/hosts', join(folder, 'out.png'));
    for (const path of ['out.png', 'etc/x.png', '/etc/x.png', 'images/../../x.png']) {
      writeFileSync(join(folder, 'one.csv'), `file,kind\n${path},x\n`);
      const away = loadImages({ folder, table: join(folder, 'one.csv'), labels: [labels[1]] });
      await expect(away, path).rejects.toThrow(/must be a path within/);
    }
    writeFileSync(join(folder, 'dots.csv'), 'file,kind\n..y.png,x\n..z/y.png,y\n');
    const dots = await loadImages({ folder, table: join(folder, 'dots.csv'), labels: [labels[1]] });
    expect(dots.train.size).toBe(2);
    await expect(loadImages({ folder: join(folder, 'images'), labels })).rejects.toThrow(/in a folder per class/);
  });
});

/** CRC-32, which Node 20 does not have. */
function crc(bytes: Uint8Array): number {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

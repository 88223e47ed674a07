import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildUpsampling } from '../../src/layers/upsampling.js';
import { difference, errorOf, evaluating, float, numbers, onBackend } from '../helpers/building.js';
import { expectSlopes } from '../helpers/slopes.js';

beforeAll(() => tf.setBackend('cpu'));

const kinds = ['nearest', 'bilinear'] as const;

it.each(kinds.flatMap((kind) => [1, 2, 3].map((factor) => [kind, factor] as const)))(
  '%s, times %d, is as by hand',
  (kind, factor) => {
    const layer = buildUpsampling(float(3, 2, 2), factor, kind);
    expect(layer.output).toEqual(float(3 * factor, 2 * factor, 2));
    tf.tidy(() => {
      const x = numbers([2, 3, 2, 2]);
      const images = x.arraySync() as number[][][][];
      const found = layer.apply(x, evaluating).arraySync() as number[][][][];
      // Pixels are areas: a new one's centre is at (h + ½) / s − ½ among the old ones, with the edge repeated.
      const clamp = (at: number, length: number) => Math.min(length - 1, Math.max(0, at));
      const value = (image: number[][][], h: number, w: number, c: number) =>
        image[clamp(h, 3)]?.[clamp(w, 2)]?.[c] as number;
      images.forEach((image, row) => {
        for (let h = 0; h < 3 * factor; h++) {
          for (let w = 0; w < 2 * factor; w++) {
            for (const c of [0, 1]) {
              const [y, z] = [(h + 0.5) / factor - 0.5, (w + 0.5) / factor - 0.5];
              const [top, left] = [Math.floor(y), Math.floor(z)];
              const [down, across] = [y - top, z - left];
              const expected =
                kind === 'nearest'
                  ? value(image, Math.floor(h / factor), Math.floor(w / factor), c)
                  : (1 - down) * ((1 - across) * value(image, top, left, c) + across * value(image, top, left + 1, c)) +
                    down *
                      ((1 - across) * value(image, top + 1, left, c) + across * value(image, top + 1, left + 1, c));
              expect(found[row]?.[h]?.[w]?.[c]).toBeCloseTo(expected, 5);
            }
          }
        }
      });
    });
  },
);

it('agrees with tf.image where that has the same rule', () => {
  tf.tidy(() => {
    const x = numbers([2, 4, 3, 2]) as tf.Tensor4D;
    const found = buildUpsampling(float(4, 3, 2), 2, 'bilinear')
      .apply(x, evaluating)
      .dataSync();
    const expected = tf.image.resizeBilinear(x, [8, 6], false, true).dataSync();
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i] as number, 5);
  });
});

it.each(kinds)('%s has the gradient of finite differences', (kind) => {
  expectSlopes([[2, 3, 2, 2]], () => {
    const layer = buildUpsampling(float(3, 2, 2), 3, kind);
    return (x) => tf.square(layer.apply(x as tf.Tensor, evaluating));
  });
});

it.each(kinds)('%s has the same gradient on wasm as on cpu', async (kind) => {
  const run = () =>
    tf.tidy(() => {
      const layer = buildUpsampling(float(3, 2, 2), 2, kind);
      return tf
        .grad((x: tf.Tensor) => tf.sum(tf.square(layer.apply(x, evaluating))))(numbers([2, 3, 2, 2]))
        .dataSync();
    });
  const [cpu, wasm] = [await onBackend('cpu', run), await onBackend('wasm', run)];
  expect(difference([...wasm], [...cpu])).toBeLessThan(1e-4);
});

it('says what is wrong', () => {
  expect(errorOf(() => buildUpsampling(float(3, 2, 2), 1.5)).message).toContain('`factor`');
  expect(errorOf(() => buildUpsampling(float(3, 2, 2), 2, 'cubic' as never)).message).toContain("'bilinear'");
  expect(errorOf(() => buildUpsampling(float(3, 2), 2)).code).toBe('POLYTASK_SHAPE_MISMATCH');
});

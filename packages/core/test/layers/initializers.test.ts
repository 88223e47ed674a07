import fc from 'fast-check';
import { expect, it } from 'vitest';
import { glorotUniform, heUniform, normal, ones, uniform, zeros } from '../../src/layers/initializers.js';
import { uniformStream } from '../../src/random/uniform-stream.js';

const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 });

it('fills any shape, and depends on the stream alone', () => {
  fc.assert(
    fc.property(shapes, fc.nat(), (shape, seed) => {
      const size = shape.reduce((product, length) => product * length, 1);
      for (const initial of [zeros, ones, uniform(0.1), normal(2, 1), glorotUniform, heUniform]) {
        const values = initial(shape, uniformStream(seed));
        expect(values).toBeInstanceOf(Float32Array);
        expect(values.length).toBe(size);
        expect(values).toEqual(initial(shape, uniformStream(seed)));
        expect(values.every(Number.isFinite)).toBe(true);
      }
    }),
  );
});

it('gives zeros and ones', () => {
  expect([...zeros([2], Math.random), ...ones([2], Math.random)]).toEqual([0, 0, 1, 1]);
});

it('keeps to the limits of Glorot and He, the window of a convolution included', () => {
  const low = () => 0;
  expect(glorotUniform([4, 2], low)[0]).toBeCloseTo(-1, 6); // sqrt(6 / (4 + 2))
  expect(heUniform([24, 2], low)[0]).toBeCloseTo(-0.5, 6); // sqrt(6 / 24)
  // 5×5 window, 2 channels in, 4 out: fans 50 and 100.
  expect(glorotUniform([5, 5, 2, 4], low)[0]).toBeCloseTo(-Math.sqrt(6 / 150), 6);
  expect(heUniform([5, 5, 2, 4], low)[0]).toBeCloseTo(-Math.sqrt(6 / 50), 6);
});

it('has the mean and standard deviation asked for', () => {
  const values = [...normal(2, 1)([100, 100], uniformStream(7))];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(mean).toBeCloseTo(1, 1);
  expect(Math.sqrt(variance)).toBeCloseTo(2, 1);
});

it('is finite where the stream gives 0, and works by hand', () => {
  expect([...normal()([2], () => 0)]).toEqual([0, 0]);
  // u1 = 1 - e^-2 → radius 2; u2 = 1/4 → angle π/2.
  const draws = [1 - Math.exp(-2), 0.25];
  const [first, second] = normal()([2], () => draws.shift() as number);
  expect(first).toBeCloseTo(0, 6);
  expect(second).toBeCloseTo(2, 6);
});

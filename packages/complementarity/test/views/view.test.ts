import { type InputSpecs, type StepContext, uniformFloats } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { bindView, normals } from '../../src/views/view.js';

beforeAll(() => tf.setBackend('cpu'));

const step: StepContext = {
  training: true,
  uniform: (path, shape) =>
    tf.tensor(
      uniformFloats(
        shape.reduce((a, b) => a * b, 1),
        'view',
        path,
      ),
      [...shape],
    ),
};
const specs: InputSpecs = {
  numbers: { shape: [3], dtype: 'float32', mask: 'there' },
  there: { shape: [3], dtype: 'float32' },
  categories: { shape: [2], dtype: 'int32', categories: [4, 5] },
  tokens: { shape: [6], dtype: 'int32', vocabulary: 9 },
};
const rows = 400;
const numbers = uniformFloats(rows * 3, 'numbers').map((value, i) => value + (i % 3));
const batch = () => ({
  numbers: tf.tensor2d(numbers, [rows, 3]),
  there: tf.ones([rows, 3]),
  categories: tf.fill([rows, 2], 3, 'int32'),
  tokens: tf.fill([rows, 6], 7, 'int32'),
});

type Seen = Record<keyof ReturnType<typeof batch>, number[]>;

/** What a view makes of the batch; no tensor but its own is left. */
function seenBy(given: Parameters<typeof bindView>[0]): Seen {
  const before = tf.memory().numTensors;
  const seen = tf.tidy(() => {
    const found = bindView(given, specs, 'view')(batch(), step, specs);
    return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, [...tensor.dataSync()]])) as never;
  });
  expect(tf.memory().numTensors).toBe(before);
  return seen;
}

const plain = seenBy({});
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const columnMeans = [0, 1, 2].map((column) => mean(plain.numbers.filter((_, i) => i % 3 === column)));

it('changes nothing where nothing is asked for', () => {
  expect(plain.numbers).toEqual([...numbers]);
});

it.each([[[400, 50]], [[20_000]], [[401, 5, 7]]])('draws normal numbers %j', (shape) => {
  const drawn = tf.tidy(() => [...normals(shape, step.uniform, 'normal').dataSync()]);
  expect(drawn.length).toBe(shape.reduce((a, b) => a * b, 1));
  const [first, second] = [mean(drawn), mean(drawn.map((value) => value ** 2))];
  expect(Math.abs(first)).toBeLessThan(0.02);
  expect(Math.abs(second - 1)).toBeLessThan(0.03);
  expect(mean(drawn.map((value) => value ** 4))).toBeCloseTo(3, 0);
  // 4.55 % of normal numbers are beyond two deviations.
  expect(drawn.filter((value) => Math.abs(value) > 2).length / drawn.length).toBeCloseTo(0.0455, 2);
  expect(Math.max(...drawn.map(Math.abs))).toBeGreaterThan(3.5);
});

it('draws rows whose numbers are independent, in each row and at each place', () => {
  const [count, width] = [2000, 6];
  const rowsOf = (path: string) => tf.tidy(() => normals([count, width], step.uniform, path).arraySync() as number[][]);
  const drawn = rowsOf('rows');
  // Of independent normal numbers the mean product is 0, and that of squares 1; both with a deviation of less than 0.07.
  const independent = (pairs: readonly (readonly [number, number])[]) => {
    expect(Math.abs(mean(pairs.map(([a, b]) => a * b)))).toBeLessThan(0.1);
    expect(Math.abs(mean(pairs.map(([a, b]) => (a * b) ** 2)) - 1)).toBeLessThan(0.3);
  };
  const places = Array.from({ length: width }, (_, i) => i);
  const at = (row: number, i: number) => drawn[row]?.[i] as number;
  const half = count / 2;
  const pairsOfRows = Array.from({ length: half }, (_, row) => row);
  for (const i of places) {
    for (const j of places.slice(i + 1)) independent(drawn.map((_, row) => [at(row, i), at(row, j)]));
    independent(pairsOfRows.map((row) => [at(row, i), at(row + half, i)]));
  }
  // The mean of what two rows say of a product has the variance that independent rows have, one half.
  const both = pairsOfRows.map((row) => (at(row, 0) * at(row, 1) + at(row + half, 0) * at(row + half, 1)) / 2);
  expect(mean(both.map((one) => one ** 2))).toBeCloseTo(0.5, 1);
  const squares = pairsOfRows.map((row) => (at(row, 0) ** 2 + at(row + half, 0) ** 2) / 2 - 1);
  expect(mean(squares.map((one) => one ** 2))).toBeCloseTo(1, 0);
});

it('adds noise to numbers alone', () => {
  const seen = seenBy({ noise: 0.5 });
  const changes = seen.numbers.map((value, i) => value - (numbers[i] as number));
  expect(Math.sqrt(mean(changes.map((change) => change ** 2)))).toBeCloseTo(0.5, 1);
  for (const name of ['there', 'categories', 'tokens'] as const) expect(seen[name]).toEqual(plain[name]);
});

it('masks numbers by their means and categories as unknown', () => {
  const seen = seenBy({ masking: 0.3 });
  const masked = seen.numbers.filter((value, i) => value !== numbers[i]);
  seen.numbers.forEach((value, i) => {
    if (value !== numbers[i]) expect(value).toBeCloseTo(columnMeans[i % 3] as number, 5);
  });
  expect(masked.length / seen.numbers.length).toBeCloseTo(0.3, 1);
  expect(new Set(seen.categories)).toEqual(new Set([0, 3]));
  expect(mean(seen.categories.map((id) => (id === 0 ? 1 : 0)))).toBeCloseTo(0.3, 1);
  for (const name of ['there', 'tokens'] as const) expect(seen[name]).toEqual(plain[name]);
});

it('takes one input of a row away, and never all of them', () => {
  const seen = seenBy({ dropout: 0.6 });
  let [lostNumbers, lostCategories] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const own = seen.numbers.slice(3 * row, 3 * row + 3);
    const whole = own.every((value, i) => value === numbers[3 * row + i]);
    const blank = own.every((value, i) => Math.abs(value - (columnMeans[i] as number)) < 1e-5);
    expect(whole || blank).toBe(true);
    const ids = seen.categories.slice(2 * row, 2 * row + 2).join();
    expect(['0,0', '3,3']).toContain(ids);
    expect(blank && ids === '0,0').toBe(false);
    lostNumbers += blank ? 1 : 0;
    lostCategories += ids === '0,0' ? 1 : 0;
  }
  expect(lostNumbers / rows).toBeCloseTo(0.3, 1);
  expect(lostCategories / rows).toBeCloseTo(0.3, 1);
});

it('changes the inputs that are named', () => {
  const seen = seenBy({ masking: 0.5, inputs: ['categories'] });
  expect(seen.numbers).toEqual(plain.numbers);
  expect(seen.categories).not.toEqual(plain.categories);
});

it('shifts every image by pixels of its own', () => {
  const [height, width, most, count] = [4, 5, 2, 200] as const;
  const image: InputSpecs = { image: { shape: [height, width, 1], dtype: 'float32' } };
  const one = Float32Array.from({ length: height * width }, (_, i) => i + 1);
  const data = Float32Array.from({ length: count * one.length }, (_, i) => one[i % one.length] as number);
  const seen = tf.tidy(() => {
    const given = { image: tf.tensor4d(data, [count, height, width, 1]) };
    return [...(bindView({ shift: most }, image, 'view')(given, step, image).image as tf.Tensor).dataSync()];
  });
  const shifts: Record<string, string> = {};
  for (let dy = -most; dy <= most; dy++) {
    for (let dx = -most; dx <= most; dx++) {
      const moved = Array.from(one, (_, i) => {
        const [y, x] = [Math.floor(i / width) - dy, (i % width) - dx];
        return y >= 0 && y < height && x >= 0 && x < width ? (one[y * width + x] as number) : 0;
      });
      shifts[moved.join()] = `${dy} ${dx}`;
    }
  }
  const found = Array.from({ length: count }, (_, row) => shifts[seen.slice(row * 20, row * 20 + 20).join()]);
  expect(found).not.toContain(undefined);
  expect(new Set(found).size).toBe((2 * most + 1) ** 2);
});

it('shifts by more than there is, to nothing', () => {
  const image: InputSpecs = { image: { shape: [2, 2, 1], dtype: 'float32' } };
  const seen = tf.tidy(() => {
    const given = { image: tf.ones([50, 2, 2, 1]) };
    return [...(bindView({ shift: 3 }, image, 'view')(given, step, image).image as tf.Tensor).dataSync()];
  });
  expect(new Set(seen)).toEqual(new Set([0, 1]));
});

it('is whatever a function says', () => {
  const seen = seenBy((inputs) => ({ ...inputs, numbers: tf.mul(inputs.numbers as tf.Tensor, 2) }));
  expect(seen.numbers).toEqual(plain.numbers.map((value) => Math.fround(value * 2)));
});

it.each([
  [{ noise: 1, inputs: ['nmbers'] }, 'Did you mean `numbers`?'],
  [{ noise: 1, inputs: ['there'] }, 'There is no input named `there`'],
  [{ shift: 1 }, 'left out, as there is no input of images'],
  [{ noise: 1, inputs: ['tokens'] }, 'left out, as there is no input of numbers'],
  [{ dropout: 0.1, inputs: ['numbers'] }, 'no second input'],
])('refuses %j', (given, says) => {
  expect(() => bindView(given, specs, 'view')).toThrow(says);
});

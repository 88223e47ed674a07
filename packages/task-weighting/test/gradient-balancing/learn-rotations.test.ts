import { uniformFloats } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { rotationSlopes, turnedBy } from '../../src/gradient-balancing/learn-rotations.js';
import { expectClose } from '../support.js';

type Matrix = number[][];

const noise = (size: number, key: string) =>
  Array.from(uniformFloats(size, 'rotations', key), (value) => 2 * value - 1);
const table = (rows: number, columns: number, numbers: readonly number[]): Matrix =>
  Array.from({ length: rows }, (_, i) => numbers.slice(i * columns, (i + 1) * columns));
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) =>
    (b[0] as number[]).map((_, j) => row.reduce((sum, value, k) => sum + value * (b[k]?.[j] as number), 0)),
  );
const flipped = (a: Matrix): Matrix => (a[0] as number[]).map((_, j) => a.map((row) => row[j] as number));
const identity = (n: number): Matrix => Array.from({ length: n }, (_, i) => noiseless(n, i));
const noiseless = (n: number, at: number) => Array.from({ length: n }, (_, j) => Number(j === at));
const skew = (n: number, size: number, key: string): Matrix => {
  const a = table(n, n, noise(n * n, key));
  return a.map((row, i) => row.map((value, j) => size * (value - (a[j]?.[i] as number))));
};
/** The matrix exponential of something small, by its series in float64. */
const exponential = (a: Matrix): Matrix => {
  let [sum, power] = [identity(a.length), identity(a.length)];
  for (let i = 1; i < 20; i++) {
    power = times(power, a).map((row) => row.map((value) => value / i));
    sum = sum.map((row, r) => row.map((value, c) => value + (power[r]?.[c] as number)));
  }
  return sum;
};

/** ‖RᵀR − I‖, the largest entry. */
const apart = (rotation: tf.Tensor) =>
  tf.tidy(() => {
    const n = rotation.shape.at(-1) as number;
    return tf.max(tf.abs(tf.sub(tf.matMul(rotation, rotation, true), tf.eye(n)))).dataSync()[0] as number;
  });

test.each([
  ['all features', 3],
  ['some of the features', 2],
])('slopes are those of the rotation loss by finite differences, of %s', (_, turned) => {
  const [tasks, rows, width] = [3, 4, 3];
  const gradients = table(tasks, rows * width, noise(tasks * rows * width, 'gradients'));
  const seen = gradients.map((one) => table(rows, width, one).map((row) => row.slice(0, turned)));
  const units = seen.map((one) => {
    const norm = Math.hypot(...one.flat());
    return one.map((row) => row.map((value) => value / norm));
  });
  const mean = table(
    rows,
    turned,
    units[0]?.flat().map((_, i) => units.reduce((sum, one) => sum + (one.flat()[i] as number), 0) / tasks) ?? [],
  );
  // What the head of task k sees is turned by R, and so is the gradient behind it.
  const rotation = exponential(skew(turned, 0.7, 'rotation'));
  const lossOf = (k: number, step: Matrix) => {
    const turnedMean = times(mean, flipped(times(rotation, exponential(step))));
    const behind = times(units[k] as Matrix, flipped(rotation));
    return turnedMean.flat().reduce((sum, value, i) => sum + (value - (behind.flat()[i] as number)) ** 2, 0);
  };
  const found = tf.tidy(() =>
    rotationSlopes(tf.tensor2d(gradients), tf.ones([tasks]), { width, turned, count: 2 }).arraySync(),
  );
  for (const k of [0, 1]) {
    for (let i = 0; i < turned; i++) {
      for (let j = i + 1; j < turned; j++) {
        const along = (size: number) =>
          identity(turned).map((row, r) =>
            row.map((_, c) => (r === i && c === j ? size : r === j && c === i ? -size : 0)),
          );
        const slope = (lossOf(k, along(1e-5)) - lossOf(k, along(-1e-5))) / 2e-5;
        expect(2 * (found[k]?.[i]?.[j] as number)).toBeCloseTo(slope, 5);
        expect(found[k]?.[j]?.[i]).toBe(-(found[k]?.[i]?.[j] as number));
      }
    }
  }
});

test.each([1e-20, 1e20])('slopes do not depend on the size of gradients: %s times as large', (size) => {
  const numbers = noise(24, 'sizes');
  const slopesOf = (factor: number) =>
    tf.tidy(() => {
      const jacobian = tf.tensor2d(
        numbers.map((value, i) => value * (i < 12 ? factor : 1)),
        [2, 12],
      );
      return rotationSlopes(jacobian, tf.ones([2]), { width: 3, turned: 3, count: 2 }).dataSync();
    });
  expectClose(slopesOf(size), Array.from(slopesOf(1)));
});

test('there is no slope where a task is alone, or has no gradient', () => {
  const slopesOf = (rows: Matrix, active: number[]) =>
    tf.tidy(() =>
      Array.from(
        rotationSlopes(tf.tensor2d(rows), tf.tensor1d(active), { width: 2, turned: 2, count: rows.length }).dataSync(),
      ),
    );
  const own = [0.3, -0.2, 0.5, 0.1];
  expect(slopesOf([own], [1]).map(Math.abs)).toEqual([0, 0, 0, 0]);
  expect(slopesOf([own, [0, 0, 0, 0]], [1, 0]).map(Math.abs)).toEqual(new Array(8).fill(0));
  expect(slopesOf([own, [0, 0, 0, 0]], [1, 1]).map(Math.abs)).toEqual(new Array(8).fill(0));
});

test('a step of two dimensions turns by the arc tangent of its angle', () => {
  const [a, c, s] = [0.2, Math.cos(Math.atan(0.2)), Math.sin(Math.atan(0.2))];
  const found = tf.tidy(() =>
    turnedBy(
      tf.tensor3d([
        [
          [0, 1],
          [-1, 0],
        ],
      ]),
      tf.tensor3d([
        [
          [0, a],
          [-a, 0],
        ],
      ]),
    ).dataSync(),
  );
  // [[0, 1], [-1, 0]] times [[c, s], [-s, c]].
  expectClose(found, [-s, c, -c, -s]);
});

test.each([0, 1e-6, 0.01, 1, 100, 1e6])('rotations stay orthogonal for steps of any size: %s', (size) => {
  for (const n of [2, 3, 17, 64]) {
    const found = tf.tidy(() => {
      const before = turnedBy(tf.tensor3d([identity(n)]), tf.tensor3d([skew(n, 0.01, 'before')]));
      return apart(turnedBy(before, tf.tensor3d([skew(n, size, `step ${n}`)])));
    });
    expect(found).toBeLessThan(1e-5);
  }
});

test('they do after 500 steps, with determinant 1', () => {
  let rotation = tf.tensor3d([identity(3), identity(3)]);
  for (let i = 0; i < 500; i++) {
    const after = tf.tidy(() => turnedBy(rotation, tf.tensor3d([skew(3, 0.5, `a ${i}`), skew(3, 1e-3, `b ${i}`)])));
    rotation.dispose();
    rotation = after;
  }
  expect(apart(rotation)).toBeLessThan(1e-5);
  for (const [[a, b, c], [d, e, f], [g, h, k]] of rotation.arraySync() as [number, number, number][][] as never as [
    number[],
    number[],
    number[],
  ][]) {
    const determinant =
      (a as number) * ((e as number) * (k as number) - (f as number) * (h as number)) -
      (b as number) * ((d as number) * (k as number) - (f as number) * (g as number)) +
      (c as number) * ((d as number) * (h as number) - (e as number) * (g as number));
    expect(determinant).toBeCloseTo(1, 5);
  }
  rotation.dispose();
});

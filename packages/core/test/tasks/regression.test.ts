import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { regression } from '../../src/tasks/regression.js';
import { centralDifferences, distance, leaked, leakedByGradient, lossAndGradient, sum } from './check-loss.js';

const code = (value: string) => expect.objectContaining({ code: value });
const unknown = Number.NaN;

function cost(error: number, loss: 'mse' | 'mae' | 'huber', delta: number): number {
  const size = Math.abs(error);
  if (loss === 'mse') return error * error;
  if (loss === 'mae') return size;
  return size <= delta ? (error * error) / 2 : delta * (size - delta / 2);
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('regression: loss', () => {
  const constants = { mean: 10, standardDeviation: 2 };
  const output = { shape: [3, 1], values: [0, 1, 3] };
  const target = tf.tensor1d([10, 10, 12]);

  it.each([
    // Errors in standard units: 0, 1, 2.
    ['mse', {}, [0, 1, 4], [0, 2, 4]],
    ['mae', {}, [0, 1, 2], [0, 1, 1]],
    ['huber', {}, [0, 0.5, 1.5], [0, 1, 1]],
    ['huber', { delta: 1.5 }, [0, 0.5, 1.875], [0, 1, 1.5]],
  ] as const)('has the golden values of %s %o', (loss, options, losses, gradient) => {
    const found = lossAndGradient(regression('t', { loss, ...options }), output, target, constants);
    expect(found.shape).toEqual([3]);
    expect(distance(found.losses, losses)).toBeLessThan(1e-6);
    expect(distance(found.gradient, gradient)).toBeLessThan(1e-6);
  });

  it('is in original units without standardisation', () => {
    const found = lossAndGradient(regression('t', { standardize: false }), output, target);
    expect(found.losses).toEqual([100, 81, 81]);
  });

  it('agrees with a float64 derivation and its finite differences, entries that are NaN left out', () => {
    const number = fc.float({ min: -8, max: 8, noNaN: true });
    const row = fc.record({ z: fc.tuple(number, number), t: fc.tuple(number, fc.option(number, { nil: unknown })) });
    const two = { mean: [1, -2], standardDeviation: [2, 0.5] };
    const kind = fc.constantFrom('mse' as const, 'mae' as const, 'huber' as const);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), kind, (rows, loss) => {
        const rowLoss = (z: readonly number[], t: readonly number[]) => {
          const known = t.flatMap((value, i) =>
            Number.isNaN(value)
              ? []
              : [
                  cost(
                    (z[i] as number) - (value - (two.mean[i] as number)) / (two.standardDeviation[i] as number),
                    loss,
                    0.7,
                  ),
                ],
          );
          return sum(known) / known.length;
        };
        // Away from the corners of |e| and Huber, where a slope has two values.
        const smooth = rows.every((r) =>
          r.z.every((z, i) => {
            const e = Math.abs(
              z - ((r.t[i] as number) - (two.mean[i] as number)) / (two.standardDeviation[i] as number),
            );
            return Number.isNaN(e) || (e > 1e-3 && Math.abs(e - 0.7) > 1e-3);
          }),
        );
        fc.pre(smooth);
        const shape = [rows.length, 2] as [number, number];
        const task = regression('t', { loss, delta: 0.7, size: 2 });
        const targets = tf.tensor2d(
          rows.flatMap((r) => r.t),
          shape,
        );
        const found = lossAndGradient(task, { shape, values: rows.flatMap((r) => r.z) }, targets, two);
        const slopes = rows.flatMap((r) => centralDifferences((z) => rowLoss(z, r.t), r.z));
        expect(
          distance(
            found.losses,
            rows.map((r) => rowLoss(r.z, r.t)),
          ),
        ).toBeLessThan(1e-5);
        expect(distance(found.gradient, slopes)).toBeLessThan(1e-5);
      }),
      { numRuns: 80 },
    );
  });

  it('leaves no tensor behind', () => {
    const value = tf.zeros([3, 1]);
    for (const task of [regression('t'), regression('t', { loss: 'huber' }), regression('t', { loss: 'mae' })]) {
      expect(leaked(() => task.loss({ value }, target, constants))).toBe(0);
      expect(leaked(() => task.predict({ value }, constants))).toBe(0);
      expect(leakedByGradient(task, [3, 1], target, constants)).toBe(0);
    }
    const raw = regression('t', { size: 2, standardize: false });
    const pair = tf.zeros([2, 2]);
    expect(leaked(() => raw.predict({ value: pair }, {}))).toBe(0);
    expect(leaked(() => raw.loss({ value: pair }, pair, {}))).toBe(0);
  });
});

describe('regression: labels', () => {
  const labels = (values: readonly number[], weights = values.map(() => 1), width?: number) => ({
    targets: {
      data: Float32Array.from(values),
      shape: width === undefined ? [values.length] : [values.length / width, width],
    },
    weights: Float32Array.from(weights),
  });

  it('learns weighted mean and standard deviation', () => {
    expect(regression('t').prepare?.(labels([1, 3]))).toEqual({ mean: 2, standardDeviation: 1 });
    const weighted = regression('t').prepare?.(labels([0, 4, 99], [3, 1, 0]));
    expect(weighted).toEqual({ mean: 1, standardDeviation: Math.sqrt(3) });
    const vector = regression('t', { size: 2 }).prepare?.(labels([1, 10, 3, unknown, 5, 30], [1, 1, 1], 2));
    expect(vector).toEqual({ mean: [3, 20], standardDeviation: [Math.sqrt(8 / 3), 10] });
    expect(regression('t', { standardize: false }).prepare?.(labels([5, 5]))).toEqual({});
  });

  it('refuses labels that cannot be', () => {
    expect(() => regression('height').prepare?.(labels([5, 5, 5]))).toThrow(/Task `height`: every training label is 5/);
    expect(() => regression('height').prepare?.(labels([5, 5, 5]))).toThrow(code('POLYTASK_LABELS'));
    expect(() => regression('height').prepare?.(labels([]))).toThrow(/no label/);
    expect(() => regression('height').prepare?.(labels([1, Number.POSITIVE_INFINITY]))).toThrow(/label Infinity/);
    const pair = regression('pair', { size: 2 });
    expect(() => pair.prepare?.(labels([1, 7, 2, 7], [1, 1], 2))).toThrow(/column 1 of every training label is 7/);
    expect(() => pair.prepare?.(labels([1, unknown, 2, unknown], [1, 1], 2))).toThrow(/no label/);
    expect(() => pair.loss({ value: tf.zeros([1, 2]) }, tf.zeros([1, 2]), {})).toThrow(/prepare/);
  });
});

describe('regression: description', () => {
  it('predicts in original units', () => {
    const constants = { mean: 10, standardDeviation: 2 };
    const one = tf.tidy(() => regression('t').predict({ value: tf.tensor2d([[0], [1.5]]) }, constants));
    expect(one.shape).toEqual([2]);
    expect(Array.from(one.dataSync())).toEqual([10, 13]);
    const two = regression('t', { size: 2 });
    const values = tf.tidy(() =>
      two.predict({ value: tf.tensor2d([[1, 1]]) }, { mean: [1, 2], standardDeviation: [3, 4] }),
    );
    expect(values.shape).toEqual([1, 2]);
    expect(Array.from(values.dataSync())).toEqual([4, 6]);
  });

  it('decodes numbers and vectors, and describes itself', () => {
    expect(regression('t').decode({ data: Float32Array.of(1, 2), shape: [2] })).toEqual([1, 2]);
    expect(regression('t', { size: 1 }).decode({ data: Float32Array.of(1, 2), shape: [2, 1] })).toEqual([[1], [2]]);
    const task = regression('height', { unit: 'cm', loss: 'huber', size: 2 });
    expect(task).toMatchObject({
      type: 'regression',
      target: { shape: [2], dtype: 'float32' },
      outputs: { value: [2] },
    });
    expect(task.options).toEqual({ name: 'height', delta: 1, standardize: true, unit: 'cm', loss: 'huber', size: 2 });
    expect(task.primaryMetric).toBe('rmse');
  });

  it.each([
    ['loss', { loss: 'l2' as 'mse' }],
    ['delta', { delta: 0 }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => regression('t', options)).toThrow(code('POLYTASK_INVALID_OPTION'));
    expect(() => regression('t', options)).toThrow(`\`${option}\``);
  });

  it('refuses a wrong size', () => {
    expect(() => regression('t', { size: 0 })).toThrow(/`size`/);
  });
});

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { multiLabel } from '../../src/tasks/multi-label.js';
import {
  binaryCrossEntropy,
  centralDifferences,
  distance,
  leaked,
  leakedByGradient,
  lossAndGradient,
  sum,
} from './check-loss.js';

const code = (value: string) => expect.objectContaining({ code: value });
const unknown = Number.NaN;

/** The mean over known labels, from the definition. */
function rowLoss(z: readonly number[], t: readonly number[]): number {
  const known = t.flatMap((value, l) => (value >= 0 ? [binaryCrossEntropy(z[l] as number, value)] : []));
  return known.length === 0 ? 0 : sum(known) / known.length;
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('multiLabel: loss', () => {
  const task = multiLabel('genres', { labels: 3 });

  it('has the golden values, unknown labels left out', () => {
    const output = { shape: [2, 3], values: [0, Math.log(3), 7, 1, 2, 3] };
    const target = tf.tensor2d([1, 0, unknown, unknown, unknown, unknown], [2, 3]);
    const { losses, gradient, shape } = lossAndGradient(task, output, target);
    expect(shape).toEqual([2]);
    expect(distance(losses, [(Math.log(2) + Math.log(4)) / 2, 0])).toBeLessThan(1e-6);
    expect(distance(gradient, [-0.25, 0.375, 0, 0, 0, 0])).toBeLessThan(1e-6);
  });

  it('agrees with a float64 derivation and its finite differences', () => {
    const z = fc.float({ min: -20, max: 20, noNaN: true });
    const t = fc.constantFrom(0, 1, 0.25, unknown);
    const row = fc.record({ z: fc.tuple(z, z, z), t: fc.tuple(t, t, t) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
        const shape = [rows.length, 3] as [number, number];
        const target = tf.tensor2d(
          rows.flatMap((r) => r.t),
          shape,
        );
        const found = lossAndGradient(task, { shape, values: rows.flatMap((r) => r.z) }, target);
        const slopes = rows.flatMap((r) => centralDifferences((at) => rowLoss(at, r.t), r.z));
        expect(
          distance(
            found.losses,
            rows.map((r) => rowLoss(r.z, r.t)),
          ),
        ).toBeLessThan(2e-6);
        expect(distance(found.gradient, slopes)).toBeLessThan(2e-6);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves no tensor behind', () => {
    const logits = tf.zeros([2, 3]);
    const target = tf.tensor2d([1, 0, unknown, unknown, unknown, unknown], [2, 3]);
    expect(leaked(() => task.loss({ logits }, target, {}))).toBe(0);
    expect(leaked(() => task.predict({ logits }, {}))).toBe(0);
    expect(leakedByGradient(task, [2, 3], target, {})).toBe(0);
  });
});

describe('multiLabel: labels and description', () => {
  const labels = (values: readonly number[]) => ({
    targets: { data: Float32Array.from(values), shape: [values.length / 2, 2] },
    weights: new Float32Array(values.length / 2).fill(1),
  });

  it('checks training labels', () => {
    const task = multiLabel('genres', { labels: 2 });
    expect(task.prepare?.(labels([0, 1, unknown, 0.5]))).toEqual({});
    expect(() => task.prepare?.(labels([0, 1, 1, 3]))).toThrow(/Task `genres`: label 1 of row 1 is 3/);
    expect(() => task.prepare?.(labels([unknown, unknown]))).toThrow(code('POLYTASK_LABELS'));
    expect(() => task.prepare?.(labels([]))).toThrow(/no label/);
  });

  it('decodes the labels at or above the threshold', () => {
    const task = multiLabel('genres', { labels: ['drama', 'war'], threshold: 0.25 });
    expect(task.decode({ data: Float32Array.of(0.25, 0.125, 0.5, 1), shape: [2, 2] })).toEqual([
      { labels: ['drama'], probabilities: [0.25, 0.125] },
      { labels: ['drama', 'war'], probabilities: [0.5, 1] },
    ]);
    expect(task).toMatchObject({
      type: 'multi-label',
      target: { shape: [2], dtype: 'float32' },
      primaryMetric: 'macroF1',
    });
    const p = tf.tidy(() => Array.from(task.predict({ logits: tf.tensor2d([[0, Math.log(3)]]) }, {}).dataSync()));
    expect(distance(p, [0.5, 0.75])).toBeLessThan(1e-6);
  });

  it.each([
    ['labels', { labels: 0 }],
    ['labels', { labels: ['a', 'a'] }],
    ['threshold', { labels: 2, threshold: 1.5 }],
  ])('refuses wrong %s', (option, options) => {
    expect(() => multiLabel('t', options as { labels: number })).toThrow(code('POLYTASK_INVALID_OPTION'));
    expect(() => multiLabel('t', options as { labels: number })).toThrow(`\`${option}\``);
  });
});

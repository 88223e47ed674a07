import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { denseClassification } from '../../src/tasks/dense-classification.js';
import { centralDifferences, crossEntropy, distance, leaked, leakedByGradient, lossAndGradient } from './check-loss.js';

const code = (value: string) => expect.objectContaining({ code: value });
const int = (values: readonly number[], shape: readonly number[]) => tf.tensor([...values], [...shape], 'int32');

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The weighted mean over labelled positions, from the definition. */
function rowLoss(logits: readonly number[], ids: readonly number[], weights: readonly number[]): number {
  const classes = weights.length;
  let total = 0;
  let share = 0;
  ids.forEach((id, p) => {
    if (id < 0) return;
    const oneHot = weights.map((_, c) => (c === id ? 1 : 0));
    total += (weights[id] as number) * crossEntropy(logits.slice(p * classes, (p + 1) * classes), oneHot);
    share += weights[id] as number;
  });
  return share === 0 ? 0 : total / share;
}

describe('denseClassification: loss', () => {
  const task = denseClassification('tags', { classes: 3, positions: [2] });

  it('has the golden values: the mean over labelled positions, 0 without any', () => {
    const peak = [0, Math.log(2), Math.log(5)];
    const values = [...peak, ...peak, ...peak, 0, 0, 0, 9, 8, 7, 6, 5, 4];
    const target = int([2, 0, 1, -1, -1, -1], [3, 2]);
    const { losses, gradient, shape } = lossAndGradient(task, { shape: [3, 2, 3], values }, target);
    expect(shape).toEqual([3]);
    expect(distance(losses, [(Math.log(8 / 5) + Math.log(8)) / 2, Math.log(4), 0])).toBeLessThan(1e-6);
    const first = [1 / 16, 2 / 16, -3 / 16, -7 / 16, 2 / 16, 5 / 16];
    const second = [1 / 8, -6 / 8, 5 / 8, 0, 0, 0];
    expect(distance(gradient, [...first, ...second, 0, 0, 0, 0, 0, 0])).toBeLessThan(1e-6);
  });

  it('agrees with a float64 derivation and its finite differences, over two dimensions and with class weights', () => {
    const z = fc.float({ min: -10, max: 10, noNaN: true });
    const row = fc.record({
      z: fc.array(z, { minLength: 8, maxLength: 8 }),
      ids: fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 4, maxLength: 4 }),
    });
    const weights = fc.constantFrom([1, 1], [0.5, 3]);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 3 }), weights, (rows, classWeights) => {
        const pixels = denseClassification('pixels', { classes: 2, positions: [2, 2], classWeights });
        const target = int(
          rows.flatMap((r) => r.ids),
          [rows.length, 2, 2],
        );
        const output = { shape: [rows.length, 2, 2, 2], values: rows.flatMap((r) => r.z) };
        const found = lossAndGradient(pixels, output, target);
        const slopes = rows.flatMap((r) => centralDifferences((at) => rowLoss(at, r.ids, classWeights), r.z));
        expect(
          distance(
            found.losses,
            rows.map((r) => rowLoss(r.z, r.ids, classWeights)),
          ),
        ).toBeLessThan(2e-6);
        expect(distance(found.gradient, slopes)).toBeLessThan(2e-6);
      }),
      { numRuns: 50 },
    );
  });

  it('takes distributions, of which class ids are a special case, NaN and 0 standing for no label', () => {
    const weighted = denseClassification('tags', { classes: 3, positions: [2], classWeights: [1, 2, 5] });
    const output = { shape: [2, 2, 3], values: [1, 2, 3, 0, -1, 1, 2, 0, 1, 5, 4, 3] };
    const none = Number.NaN;
    const ids = lossAndGradient(weighted, output, int([2, -1, -1, 0], [2, 2]));
    const soft = tf.tensor([0, 0, 1, none, none, none, 0, 0, 0, 1, 0, 0], [2, 2, 3]);
    const found = lossAndGradient(weighted, output, soft);
    expect(distance(found.losses, ids.losses)).toBeLessThan(1e-6);
    expect(distance(found.gradient, ids.gradient)).toBeLessThan(1e-6);
    const half = tf.tensor([0.5, 0.5, 0, none, none, none], [1, 2, 3]);
    const { losses } = lossAndGradient(task, { shape: [1, 2, 3], values: [1, 2, 3, 0, 0, 0] }, half);
    expect(distance(losses, [crossEntropy([1, 2, 3], [0.5, 0.5, 0])])).toBeLessThan(1e-6);
  });

  it('refuses features with other positions', () => {
    const logits = tf.zeros([2, 4, 3]);
    expect(() => task.loss({ logits }, int([0, 1, 2, 0], [2, 2]), {})).toThrow(code('POLYTASK_SHAPE_MISMATCH'));
  });

  it('leaves no tensor behind', () => {
    const weighted = denseClassification('tags', { classes: 3, positions: [2], classWeights: [1, 2, 3] });
    const logits = tf.zeros([2, 2, 3]);
    const target = int([0, -1, 2, 0], [2, 2]);
    expect(leaked(() => weighted.loss({ logits }, target, {}))).toBe(0);
    expect(leaked(() => weighted.predict({ logits }, {}))).toBe(0);
    expect(leakedByGradient(weighted, [2, 2, 3], target, {})).toBe(0);
  });
});

describe('denseClassification: labels and description', () => {
  const labels = (ids: readonly number[]) => ({
    targets: { data: Int32Array.from(ids), shape: [ids.length / 2, 2] },
    weights: new Float32Array(ids.length / 2).fill(1),
  });

  it('gives rows without a label weight 0, and checks class ids', () => {
    const task = denseClassification('tags', { classes: 2, positions: [2] });
    const target = { data: Int32Array.of(-1, -1, -1, 1), shape: [2, 2] };
    expect([0, 1].map((row) => task.rowWeight?.(target, row, {}))).toEqual([0, 1]);
    expect(() => task.rowWeight?.({ data: Int32Array.of(0, 2), shape: [1, 2] }, 0, {})).toThrow(/class 2/);
    expect(() => task.prepare?.(labels([0, 5]))).toThrow(code('POLYTASK_LABELS'));
    expect(() => task.prepare?.(labels([-1, -1]))).toThrow(/no label/);
    expect(task.prepare?.(labels([0, 0]))).toEqual({});
  });

  it('balances classes over labelled positions', () => {
    const task = denseClassification('tags', { classes: 2, positions: [2], classWeights: 'balanced' });
    const constants = task.prepare?.(labels([0, 0, 0, 1, -1, -1])) ?? {};
    expect(constants).toEqual({ classWeights: [4 / 6, 2] });
    const values = [1, 2, 3, -1];
    const found = lossAndGradient(task, { shape: [1, 2, 2], values }, int([0, 1], [1, 2]), constants);
    expect(distance(found.losses, [rowLoss(values, [0, 1], [4 / 6, 2])])).toBeLessThan(1e-6);
  });

  it('decodes a class per position', () => {
    const task = denseClassification('tags', { classes: ['noun', 'verb'], positions: [1, 2] });
    expect(task).toMatchObject({ outputs: { logits: [null, null, 2] }, target: { shape: [1, 2], dtype: 'int32' } });
    const data = Float32Array.of(0.75, 0.25, 0.5, 0.5, 0, 1, 1, 0);
    const [first, second] = task.decode({ data, shape: [2, 1, 2, 2] });
    expect(first?.labels).toEqual(['noun', 'noun']);
    expect(second?.labels).toEqual(['verb', 'noun']);
    expect(second?.indices).toEqual(Int32Array.of(1, 0));
    expect(second?.probabilities).toEqual(Float32Array.of(0, 1, 1, 0));
    expect(second?.shape).toEqual([1, 2]);
  });

  it.each([
    ['classes', { classes: 1, positions: [2] }],
    ['positions', { classes: 2, positions: [] }],
    ['positions', { classes: 2, positions: [0] }],
    ['classWeights', { classes: 2, positions: [2], classWeights: [1] }],
  ])('refuses wrong %s', (option, options) => {
    expect(() => denseClassification('t', options)).toThrow(code('POLYTASK_INVALID_OPTION'));
    expect(() => denseClassification('t', options)).toThrow(new RegExp(`\`${option}(\\[0\\])?\``));
  });
});

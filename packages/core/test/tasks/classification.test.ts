import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isPart } from '../../src/contracts/description.js';
import { classification } from '../../src/tasks/classification.js';
import { centralDifferences, crossEntropy, distance, leaked, leakedByGradient, lossAndGradient } from './check-loss.js';

const code = (value: string) => expect.objectContaining({ code: value });
const int = (values: readonly number[], shape: readonly number[] = [values.length]) =>
  tf.tensor([...values], [...shape], 'int32');

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('classification: loss', () => {
  const three = classification('three', { classes: 3 });

  it('has the golden values', () => {
    // Equal logits: log 3. Logits (0, log 2, log 5): p = (1, 2, 5) / 8, so −log(5/8) and −log(1/8).
    const logits = { shape: [3, 3], values: [0, 0, 0, 0, Math.log(2), Math.log(5), 0, Math.log(2), Math.log(5)] };
    const { losses, gradient, shape } = lossAndGradient(three, logits, int([1, 2, 0]));
    expect(shape).toEqual([3]);
    expect(distance(losses, [Math.log(3), Math.log(8 / 5), Math.log(8)])).toBeLessThan(1e-6);
    const expected = [1 / 3, -2 / 3, 1 / 3, 1 / 8, 2 / 8, -3 / 8, -7 / 8, 2 / 8, 5 / 8];
    expect(distance(gradient, expected)).toBeLessThan(1e-6);
  });

  it('agrees with a float64 derivation and its finite differences', () => {
    const row = fc.record({
      logits: fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 4, maxLength: 4 }),
      id: fc.nat(3),
      factor: fc.float({ min: 0, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 0.1, 0.5),
        (rows, labelSmoothing) => {
          const task = classification('t', { classes: 4, labelSmoothing });
          const loss = (logits: readonly number[], id: number) =>
            crossEntropy(
              logits,
              logits.map((_, c) => (c === id ? 1 - labelSmoothing : 0) + labelSmoothing / 4),
            );
          const values = rows.flatMap((r) => r.logits);
          const factors = rows.map((r) => r.factor);
          const target = int(rows.map((r) => r.id));
          const found = lossAndGradient(task, { shape: [rows.length, 4], values }, target, {}, factors);
          const expected = rows.map((r) => loss(r.logits, r.id));
          const gradient = rows.flatMap((r) =>
            centralDifferences((z) => loss(z, r.id), r.logits).map((slope) => slope * r.factor),
          );
          expect(distance(found.losses, expected)).toBeLessThan(2e-6);
          expect(distance(found.gradient, gradient)).toBeLessThan(2e-6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes distributions, of which class ids are a special case', () => {
    const values = [0.3, -1, 2, 1.5, 0.2, -0.7];
    const ids = lossAndGradient(three, { shape: [2, 3], values }, int([2, 0]));
    const oneHot = lossAndGradient(three, { shape: [2, 3], values }, tf.tensor2d([0, 0, 1, 1, 0, 0], [2, 3]));
    expect(distance(oneHot.losses, ids.losses)).toBeLessThan(1e-7);
    expect(distance(oneHot.gradient, ids.gradient)).toBeLessThan(1e-7);
    const soft = [0.2, 0.5, 0.3, 0.6, 0.4, 0];
    const found = lossAndGradient(three, { shape: [2, 3], values }, tf.tensor2d(soft, [2, 3]));
    const expected = [0, 3].map((i) => crossEntropy(values.slice(i, i + 3), soft.slice(i, i + 3)));
    const gradient = [0, 3].flatMap((i) =>
      centralDifferences((z) => crossEntropy(z, soft.slice(i, i + 3)), values.slice(i, i + 3)),
    );
    expect(distance(found.losses, expected)).toBeLessThan(1e-6);
    expect(distance(found.gradient, gradient)).toBeLessThan(1e-6);
  });

  it('smooths distributions as it smooths ids', () => {
    const smooth = classification('smooth', { classes: 3, labelSmoothing: 0.3 });
    const values = [0.3, -1, 2];
    const ids = lossAndGradient(smooth, { shape: [1, 3], values }, int([1]));
    const soft = lossAndGradient(smooth, { shape: [1, 3], values }, tf.tensor2d([0, 1, 0], [1, 3]));
    expect(distance(soft.losses, ids.losses)).toBeLessThan(1e-7);
  });

  it('stays finite for extreme logits and for the zeros that stand for a missing label', () => {
    const values = [1e4, -1e4, 0, 1e30, 0, -1e30, 88, 89, 90];
    const found = lossAndGradient(three, { shape: [3, 3], values }, int([0, 2, 0]));
    expect([...found.losses, ...found.gradient].every(Number.isFinite)).toBe(true);
    expect(found.losses[0]).toBe(0);
    const zeros = lossAndGradient(three, { shape: [3, 3], values }, tf.zeros([3, 3]));
    expect([...zeros.losses, ...zeros.gradient].every(Number.isFinite)).toBe(true);
  });

  it('runs fewer kernels than tf.losses.softmaxCrossEntropy', async () => {
    const kernels = async (loss: () => tf.Tensor) => {
      const profile = await tf.profile(() => tf.tidy(() => loss().clone()));
      return profile.kernels.length;
    };
    const logits = tf.randomNormal([8, 10]);
    const ids = int([0, 1, 2, 3, 4, 5, 6, 7]);
    const task = classification('ten', { classes: 10 });
    const slope = (loss: (z: tf.Tensor) => tf.Tensor) => tf.grad((z) => tf.sum(loss(z)))(logits);
    const ours = await kernels(() => slope((z) => task.loss({ logits: z }, ids, {})));
    const theirs = await kernels(() => slope((z) => tf.losses.softmaxCrossEntropy(tf.oneHot(ids, 10), z)));
    expect(ours).toBeLessThan(theirs);
  });

  it('leaves no tensor behind', () => {
    const logits = tf.zeros([2, 3]);
    const target = int([0, 1]);
    const smooth = classification('smooth', { classes: 3, labelSmoothing: 0.3 });
    expect(leaked(() => three.loss({ logits }, target, {}))).toBe(0);
    expect(leaked(() => three.predict({ logits }, {}))).toBe(0);
    expect(leakedByGradient(smooth, [2, 3], target, {})).toBe(0);
  });
});

describe('classification: labels', () => {
  const labels = (ids: readonly number[], weights: readonly number[] = ids.map(() => 1)) => ({
    targets: { data: Int32Array.from(ids), shape: [ids.length] },
    weights: Float32Array.from(weights),
  });

  it('balances by n / (C n_c), with sample weights', () => {
    const task = classification('t', { classes: 2, classWeights: 'balanced' });
    expect(task.prepare?.(labels([0, 0, 0, 1]))).toEqual({ classWeights: [4 / 6, 2] });
    expect(task.prepare?.(labels([0, 1], [3, 1]))).toEqual({ classWeights: [4 / 6, 2] });
    const constants = task.prepare?.(labels([0, 0, 0, 1])) ?? {};
    const target = { data: Int32Array.from([1, 0]), shape: [2] };
    expect([0, 1].map((row) => task.rowWeight?.(target, row, constants))).toEqual([2, 4 / 6]);
    const soft = { data: Float32Array.from([0.5, 0.5]), shape: [1, 2] };
    expect(task.rowWeight?.(soft, 0, constants)).toBeCloseTo(4 / 3, 12);
  });

  it('takes class weights one by one, and 1 without any', () => {
    const target = { data: Int32Array.from([2, -1]), shape: [2] };
    expect(classification('t', { classes: 3, classWeights: [1, 2, 5] }).rowWeight?.(target, 0, {})).toBe(5);
    expect(classification('t', { classes: 3 }).rowWeight?.(target, 0, {})).toBe(1);
    expect(classification('t', { classes: 3 }).rowWeight?.(target, 1, {})).toBe(0);
    expect(classification('t', { classes: 3, classWeights: [1, 2, 5] }).prepare?.(labels([0]))).toEqual({});
  });

  it('refuses labels that cannot be', () => {
    const task = classification('digit', { classes: 10 });
    const prepare = (ids: readonly number[]) => () => task.prepare?.(labels(ids));
    expect(prepare([3, 12])).toThrow(/Task `digit`: row 1 has class 12, but there are 10 classes, 0 to 9/);
    expect(prepare([3, 12])).toThrow(code('POLYTASK_LABELS'));
    expect(() => task.rowWeight?.({ data: Int32Array.of(10), shape: [1] }, 0, {})).toThrow(code('POLYTASK_LABELS'));
    expect(prepare([])).toThrow(/no label/);
    const balanced = classification('t', { classes: 3, classWeights: 'balanced' });
    expect(() => balanced.prepare?.(labels([0, 2]))).toThrow(/class 1 has no label/);
    expect(() => balanced.rowWeight?.({ data: Int32Array.of(0), shape: [1] }, 0, {})).toThrow(/prepare/);
  });
});

describe('classification: description', () => {
  it('predicts softmax and decodes names', () => {
    const task = classification('pet', { classes: ['cat', 'dog'] });
    const p = tf.tidy(() => Array.from(task.predict({ logits: tf.tensor2d([[0, Math.log(3)]]) }, {}).dataSync()));
    expect(distance(p, [0.25, 0.75])).toBeLessThan(1e-6);
    expect(task.decode({ data: Float32Array.of(0.25, 0.75, 1, 0), shape: [2, 2] })).toEqual([
      { label: 'dog', index: 1, probability: 0.75, probabilities: [0.25, 0.75] },
      { label: 'cat', index: 0, probability: 1, probabilities: [1, 0] },
    ]);
    expect(classification('n', { classes: 2 }).decode({ data: Float32Array.of(0, 1), shape: [1, 2] })[0]?.label).toBe(
      '1',
    );
  });

  it('describes itself', () => {
    const task = classification('pet', { classes: 3, column: 'species', inputs: ['photo'], classWeights: 'balanced' });
    expect(isPart(task, 'task')).toBe(true);
    expect(Object.isFrozen(task)).toBe(true);
    expect(task).toMatchObject({
      name: 'pet',
      type: 'classification',
      column: 'species',
      inputs: ['photo'],
      target: { shape: [], dtype: 'int32' },
      outputs: { logits: [3] },
      primaryMetric: 'accuracy',
    });
    expect(task.metrics.map((metric) => metric.name)).toEqual(['accuracy', 'macroF1', 'logLoss']);
    expect(JSON.parse(JSON.stringify(task.options))).toEqual(task.options);
    expect(task.options).toEqual({
      name: 'pet',
      labelSmoothing: 0,
      classes: 3,
      column: 'species',
      inputs: ['photo'],
      classWeights: 'balanced',
    });
    expect(classification('pet', { classes: 3 }).column).toBe('pet');
  });

  it.each([
    ['classes', { classes: 1 }],
    ['classes', { classes: 2.5 }],
    ['classes', { classes: ['a', 'a'] }],
    ['classes', { classes: ['a', ''] }],
    ['classWeights', { classes: 2, classWeights: [1] }],
    ['classWeights', { classes: 2, classWeights: [1, -1] }],
    ['labelSmoothing', { classes: 2, labelSmoothing: 1 }],
    ['metrics', { classes: 2, metrics: [] }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => classification('t', options as { classes: number })).toThrow(code('POLYTASK_INVALID_OPTION'));
    expect(() => classification('t', options as { classes: number })).toThrow(new RegExp(`\`${option}(\\[1\\])?\``));
  });
});

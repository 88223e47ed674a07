import { type HostTensor, hostTensor, uniformStream } from '@polytask/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  averageWeights,
  dropDeltas,
  fisherMerging,
  regMean,
  taskArithmetic,
  tiesMerging,
  type Weights,
} from '../../src/index.js';

const at = (...numbers: number[]): Weights => ({ w: hostTensor(numbers) });
const numbersOf = ({ w }: Weights) => Array.from((w as HostTensor).data);
const close = (found: readonly number[], expected: readonly number[]) => {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 5);
};

// What two models have learned, from a start that is not 0.
const start = at(10, -4, 0, 2, 1);
const moved = (...by: number[]) => at(...by.map((value, i) => value + (numbersOf(start)[i] as number)));
const models = [moved(1, -2, 0.1, 3, 0.5), moved(-0.5, -1, 2, 0.2, 0.4)];
const learned = (weights: Weights) => numbersOf(weights).map((value, i) => value - (numbersOf(start)[i] as number));

describe('golden values', () => {
  it('task arithmetic', () => close(learned(taskArithmetic(start, models)), [0.15, -0.9, 0.63, 0.96, 0.27]));
  it('TIES', () => {
    close(learned(tiesMerging(start, models, { keep: 0.6 })), [1, -1.5, 2, 3, 0]);
    close(learned(tiesMerging(start, models, { keep: 0.6, combine: 'sum' })), [0.3, -0.9, 0.6, 0.9, 0]);
  });
  it('TIES takes the sign of most numbers where changes cancel, and keeps no more than it is to', () => {
    const opposed = [moved(1, 3, 3, 0, 0), moved(-1, 3, 3, 0, 0)];
    close(learned(tiesMerging(start, opposed, { keep: 0.6 })), [1, 3, 3, 0, 0]);
    // Four have moved as far; two of five stay.
    close(learned(tiesMerging(start, [moved(1, 1, 1, 1, 0)], { keep: 0.4 })), [1, 1, 0, 0, 0]);
  });
});

describe('identities', () => {
  const weights = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 4, maxLength: 4 });
  const kernel = (numbers: readonly number[]): Weights => ({ w: hostTensor([...numbers], [2, 2]) });

  it('several copies of one model are that model', () => {
    fc.assert(
      fc.property(weights, weights, fc.integer({ min: 1, max: 4 }), (from, to, count) => {
        const copies = Array.from({ length: count }, () => kernel(to));
        const expected = numbersOf(kernel(to));
        const gramians = copies.map(() => ({ w: Float64Array.of(2, 0.5, 0.5, 1) }));
        for (const found of [
          averageWeights(copies),
          taskArithmetic(kernel(from), copies, { scale: 1 / count }),
          tiesMerging(kernel(from), copies, { keep: 1 }),
          fisherMerging(
            copies,
            copies.map(() => kernel([0, 1, 2, 3])),
          ),
          regMean(copies, gramians),
        ]) {
          for (const [i, value] of numbersOf(found).entries())
            expect(Math.abs(value - (expected[i] as number))).toBeLessThan(1e-3);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('task arithmetic of one model at λ = 1 is that model, and of half the sum the mean', () => {
    close(numbersOf(taskArithmetic(start, [models[0] as Weights], { scale: 1 })), numbersOf(models[0] as Weights));
    close(numbersOf(taskArithmetic(start, models, { scale: 0.5 })), numbersOf(averageWeights(models)));
  });

  it('dropping nothing changes nothing; what is dropped goes back to the start, and the mean stays', () => {
    expect(dropDeltas(start, models, { drop: 0 }).map(numbersOf)).toEqual(models.map(numbersOf));
    const size = 4000;
    const zeros = { w: hostTensor(new Float32Array(size)) };
    const [one, other] = dropDeltas(
      zeros,
      [1, 1].map((by) => ({ w: hostTensor(new Float32Array(size).fill(by)) })),
      { drop: 0.9, seed: 3 },
    );
    const kept = numbersOf(one as Weights);
    expect(new Set(kept.map((value) => Math.round(value)))).toEqual(new Set([0, 10]));
    const mean = kept.reduce((sum, value) => sum + value, 0) / size;
    // Three deviations of a mean of 4000 numbers of variance 9.
    expect(Math.abs(mean - 1)).toBeLessThan(3 * Math.sqrt(9 / size));
    expect(numbersOf(other as Weights)).not.toEqual(kept);
  });

  it('Fisher merging leaves a number to the model that depends on it', () => {
    expect(numbersOf(fisherMerging([at(1, 7, 3), at(5, 9, 5)], [at(0, 2, 0), at(3, 0, 0)]))).toEqual([5, 7, 4]);
  });

  it('RegMean is least in the squared distance from what the layers of all models give', () => {
    const uniform = uniformStream('reg-mean');
    const draw = (count: number) => Array.from({ length: count }, () => 2 * uniform() - 1);
    const rows = [draw(12), draw(12)];
    const kernels = [draw(4), draw(4)];
    const gramianOf = (x: readonly number[]) => {
      const sum = new Float64Array(4);
      for (let n = 0; n < x.length; n += 2)
        for (let i = 0; i < 4; i++)
          sum[i] = (sum[i] as number) + (x[n + Math.floor(i / 2)] as number) * (x[n + (i % 2)] as number);
      return sum;
    };
    const found = regMean(
      kernels.map(kernel),
      rows.map((x) => ({ w: gramianOf(x) })),
      { shrink: 1 },
    );
    const cost = (w: readonly number[]) =>
      rows.reduce((sum, x, t) => {
        for (let n = 0; n < x.length; n += 2)
          for (let o = 0; o < 2; o++) {
            const apart = [0, 1].reduce(
              (total, i) =>
                total + (x[n + i] as number) * ((w[2 * i + o] as number) - (kernels[t]?.[2 * i + o] as number)),
              0,
            );
            sum += apart ** 2;
          }
        return sum;
      }, 0);
    const best = numbersOf(found);
    for (let i = 0; i < 4; i++)
      for (const step of [0.01, -0.01])
        expect(cost(best.map((value, at) => (at === i ? value + step : value)))).toBeGreaterThan(cost(best));
    expect(cost(best)).toBeLessThan(cost(numbersOf(averageWeights(kernels.map(kernel)))));
  });
});

it('refuses models of different variables, and options out of range', () => {
  const other: Weights = { w: hostTensor([1, 2]) };
  for (const merge of [
    averageWeights,
    (all: Weights[]) => taskArithmetic(start, all),
    (all: Weights[]) => tiesMerging(start, all),
  ]) {
    expect(() => merge([models[0] as Weights, other])).toThrow('`w` is [5] in one and [2] in another');
    expect(() => merge([models[0] as Weights, { v: hostTensor([1]) }])).toThrow('one of them has no `w`');
    expect(() => merge([])).toThrow('there is no model');
  }
  expect(() => tiesMerging(start, models, { keep: 0 })).toThrow('`keep` must be');
  expect(() => dropDeltas(start, models, { drop: 1 })).toThrow('`drop` must be');
});

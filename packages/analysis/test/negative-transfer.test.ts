import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { negativeTransfer, type PairedValues } from '../src/negative-transfer.js';

const one = (joint: number[], alone: number[], better: PairedValues['better'] = 'higher') =>
  negativeTransfer({ task: { joint, alone, better } }).tasks.task;

/** Normal numbers by Box and Muller. */
function normals(...key: (string | number)[]): () => number {
  const uniform = uniformStream(...key);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Gains as if the value alone were 100 with every seed. */
function ofGains(gains: readonly number[], resamples = 2000) {
  const joint = gains.map((gain) => 100 + gain);
  const values: PairedValues = { joint, alone: gains.map(() => 100), better: 'higher' };
  return negativeTransfer({ task: values }, { resamples }).tasks.task;
}

describe('negativeTransfer', () => {
  it('has the gains, spread and Student interval of a paired experiment worked out by hand', () => {
    // Gains 1, 2, 3, 4, 5: mean 3, standard deviation √2.5, half width 2.77645 · √2.5 / √5 = 1.96325.
    const found = ofGains([1, 2, 3, 4, 5]);
    expect(found).toMatchObject({ seeds: 5, mean: 3, verdict: 'helps', seedsNeeded: null });
    expect(found?.gains.map((gain) => gain?.toFixed(9))).toEqual([1, 2, 3, 4, 5].map((gain) => gain.toFixed(9)));
    expect(found?.spread).toBeCloseTo(Math.sqrt(2.5));
    expect(found?.interval?.low).toBeCloseTo(3 - 1.96325, 4);
    expect(found?.interval?.high).toBeCloseTo(3 + 1.96325, 4);
  });

  it('is relative to the value alone, whichever way the metric is better, and for values below 0', () => {
    expect(one([2], [4], 'lower')?.mean).toBe(50);
    expect(one([2], [4], 'higher')?.mean).toBe(-50);
    expect(one([-0.5], [-1], 'higher')?.mean).toBe(50);
  });

  it('says helps, hurts, and how many seeds it would take where it cannot tell', () => {
    expect(ofGains([-1, -2, -3, -4, -5])).toMatchObject({ verdict: 'hurts', seedsNeeded: null });
    const unclear = ofGains([-1, 2, 3]);
    expect(unclear).toMatchObject({ verdict: 'cannot tell' });
    // Mean 4/3, deviation 2.0817: the first n with 4/3 ≥ (t₀.₉₇₅ + t₀.₈) · 2.0817 / √n, worked out from printed quantiles.
    const shows = (t975: number, t80: number, n: number) => 4 / 3 >= ((t975 + t80) * 2.08167) / Math.sqrt(n);
    expect([shows(2.086, 0.86, 21), shows(2.0796, 0.859, 22)]).toEqual([false, true]);
    expect(unclear?.seedsNeeded).toBe(22);
  });

  it('says nothing from fewer than three seeds, even where they agree to the last digit', () => {
    expect(ofGains([5])).toMatchObject({ verdict: 'cannot tell', interval: null, spread: null, seedsNeeded: null });
    expect(ofGains([5, 5])).toMatchObject({ verdict: 'cannot tell', seedsNeeded: 3 });
    expect(ofGains([5, 5, 5])).toMatchObject({ verdict: 'helps', interval: { low: 5, high: 5 } });
    expect(ofGains([0, 0, 0])).toMatchObject({ verdict: 'cannot tell', seedsNeeded: null });
  });

  it('leaves out what cannot be compared, seed by seed and as a whole', () => {
    const values: PairedValues = { joint: [1, 2, Number.NaN], alone: [1, 0, 1], better: 'higher' };
    const found = negativeTransfer({ part: values, none: { ...values, alone: [0, 0, 0] } });
    expect(found.tasks.part).toMatchObject({ gains: [0, null, null], seeds: 1 });
    expect(found.leftOut).toEqual(['none']);
    expect(found.mean?.gains).toEqual([0, null, null]);
    expect(negativeTransfer({}).mean).toBeUndefined();
  });

  it('has Δm as the mean over the tasks of each seed', () => {
    const found = negativeTransfer({
      a: { joint: [110, 120], alone: [100, 100], better: 'higher' },
      b: { joint: [90, 100], alone: [100, 100], better: 'lower' },
    });
    expect(found.mean?.gains.map((gain) => gain?.toFixed(6))).toEqual(['10.000000', '10.000000']);
  });

  it('refuses lists that do not belong together', () => {
    expect(() => one([1, 2], [1])).toThrow(/tasks.task.alone/);
    expect(() => negativeTransfer({}, { confidence: 1 })).toThrow(/confidence/);
    expect(() => negativeTransfer({}, { resamples: 0 })).toThrow(/resamples/);
  });

  it('does not change with units, and changes sides with the direction', () => {
    const value = fc.double({ min: 1, max: 9, noNaN: true });
    const values = fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 100, noNaN: true }), (pairs, scale) => {
        const [joint, alone] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const found = one(joint, alone);
        const times = (numbers: number[]) => numbers.map((number) => number * scale);
        const scaled = one(times(joint), times(alone));
        const mirrored = one(joint, alone, 'lower');
        expect(scaled?.mean).toBeCloseTo(found?.mean ?? Number.NaN, 6);
        expect(mirrored?.interval?.low).toBeCloseTo(-(found?.interval?.high ?? Number.NaN), 6);
        const other = { helps: 'hurts', hurts: 'helps', 'cannot tell': 'cannot tell' };
        expect(mirrored?.verdict).toBe(other[found?.verdict ?? 'helps']);
        expect(found?.mean).toBeGreaterThanOrEqual(found?.interval?.low ?? Number.NaN);
        expect(found?.mean).toBeLessThanOrEqual(found?.interval?.high ?? Number.NaN);
      }),
      { numRuns: 40 },
    );
  });

  it('calls a task helped or hurt in at most one of twenty experiments without an effect', () => {
    const shapes = {
      normal: normals('no effect'),
      // Exponential less its mean: skewed.
      skewed: (
        (uniform) => () =>
          -Math.log(1 - uniform()) - 1
      )(uniformStream('skewed')),
    };
    for (const [shape, draw] of Object.entries(shapes)) {
      for (const seeds of [3, 6]) {
        const wrong = Array.from({ length: 600 }, () => ofGains(Array.from({ length: seeds }, draw), 200)).filter(
          (found) => found?.verdict !== 'cannot tell',
        ).length;
        // Student's interval is known to be off by some percent for skewed gains of few seeds; three deviations besides.
        const most = (shape === 'normal' ? 0.05 : 0.11) + 3 * Math.sqrt((0.05 * 0.95) / 600);
        expect(wrong / 600, `${shape}, ${seeds} seeds`).toBeLessThan(most);
      }
    }
  });

  it('asks for as many seeds as show an effect in four of five experiments', () => {
    const draw = normals('power');
    // A mean of 1 and a deviation of exactly 2.
    const needed = ofGains([1 - 2, 1, 1 + 2])?.seedsNeeded ?? 0;
    const shown = Array.from({ length: 300 }, () =>
      ofGains(
        Array.from({ length: needed }, () => 1 + 2 * draw()),
        200,
      ),
    ).filter((found) => found?.verdict === 'helps').length;
    expect(shown / 300).toBeGreaterThan(0.8 - 0.07);
    expect(shown / 300).toBeLessThan(0.8 + 0.07);
  });
});

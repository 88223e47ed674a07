import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deltaM } from '../../src/evaluation/delta-m.js';

const code = (value: string) => expect.objectContaining({ code: value });

describe('deltaM', () => {
  it('has the golden values, positive where joint training is better', () => {
    const joint = { digit: { accuracy: 0.99, loss: 1 }, depth: { rmse: 0.5, r2: 0.6 } };
    const single = { digit: { accuracy: 0.9, loss: 9 }, depth: { rmse: 0.4, r2: 0.5 } };
    const found = deltaM(joint, single, { digit: { accuracy: 'higher' }, depth: { rmse: 'lower', r2: 'higher' } });
    // digit +10 %; depth (−25 % + 20 %) / 2.
    expect(found.improvementPercentByTask.digit).toBeCloseTo(10, 12);
    expect(found.improvementPercentByTask.depth).toBeCloseTo(-2.5, 12);
    expect(found.improvementPercent).toBeCloseTo(3.75, 12);
    expect(found.sign).toBe('positive means that joint training is better than single-task training');
  });

  it('counts every task the same, however many metrics it has', () => {
    const single = { a: { m: 1 }, b: { m: 1, n: 1, o: 1 } };
    const joint = { a: { m: 2 }, b: { m: 1, n: 1, o: 1 } };
    const found = deltaM(joint, single, { a: { m: 'higher' }, b: { m: 'higher', n: 'higher', o: 'higher' } });
    expect(found.improvementPercent).toBe(50);
  });

  it('keeps its sign for negative baselines', () => {
    const better = deltaM({ a: { r2: -0.5 } }, { a: { r2: -1 } }, { a: { r2: 'higher' } });
    expect(better.improvementPercent).toBe(50);
  });

  it('is 0 for no change, and turns with the direction', () => {
    const value = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(value, value, (joint, single) => {
        const at = (better: 'higher' | 'lower') =>
          deltaM({ a: { m: joint } }, { a: { m: single } }, { a: { m: better } }).improvementPercent;
        // Not toBe: without a change both are 0, and 0 is not -0.
        expect(at('higher') + at('lower')).toBe(0);
        expect(at('higher')).toBeCloseTo((100 * (joint - single)) / single, 8);
        expect(at('higher') > 0).toBe(joint > single);
      }),
    );
  });

  it('refuses what has no relative change', () => {
    const higher = { a: { m: 'higher' } } as const;
    expect(() => deltaM({ a: { m: 1 } }, { a: { m: 0 } }, higher)).toThrow(
      /`single.a.m` must be a number other than 0/,
    );
    expect(() => deltaM({ a: { m: Number.NaN } }, { a: { m: 1 } }, higher)).toThrow(
      /`joint.a.m` must be a finite number/,
    );
    expect(() => deltaM({ a: { m: [[1]] } }, { a: { m: 1 } }, higher)).toThrow(code('POLYTASK_INVALID_OPTION'));
    expect(() => deltaM({}, { a: { m: 1 } }, higher)).toThrow(code('POLYTASK_UNKNOWN_NAME'));
    expect(() => deltaM({ a: { m: 1 } }, { a: {} }, higher)).toThrow(/no metric in `single.a` named `m`/);
    expect(() => deltaM({}, {}, {})).toThrow(/`directions`/);
    expect(() => deltaM({}, {}, { a: {} })).toThrow(/`directions.a`/);
  });
});

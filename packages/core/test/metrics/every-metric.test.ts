import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPart } from '../../src/contracts/description.js';
import type { Metric } from '../../src/contracts/metric.js';
import { accuracy } from '../../src/metrics/accuracy.js';
import { auc } from '../../src/metrics/auc.js';
import { averagePrecision } from '../../src/metrics/average-precision.js';
import { balancedAccuracy } from '../../src/metrics/balanced-accuracy.js';
import { calibrationError } from '../../src/metrics/calibration-error.js';
import { confusionCounts } from '../../src/metrics/confusion-counts.js';
import { f1, macroF1, microF1 } from '../../src/metrics/f1.js';
import { logLoss } from '../../src/metrics/log-loss.js';
import { meanAbsoluteError } from '../../src/metrics/mean-absolute-error.js';
import { meanAbsolutePercentageError } from '../../src/metrics/mean-absolute-percentage-error.js';
import { perClass } from '../../src/metrics/per-class.js';
import { rSquared } from '../../src/metrics/r-squared.js';
import { rootMeanSquaredError } from '../../src/metrics/root-mean-squared-error.js';
import { spearman } from '../../src/metrics/spearman.js';
import {
  binary,
  classes,
  dense,
  type Kind,
  measure,
  metricRows,
  multiLabel,
  type Row,
  scalar,
  vector,
} from './metric-rows.js';

const decisions = [classes, dense, binary, multiLabel];
const cases: readonly (readonly [Metric, readonly Kind[]])[] = [
  [accuracy(), decisions],
  [f1(), [binary]],
  [macroF1(), decisions],
  [microF1(), decisions],
  [auc(), decisions],
  [logLoss(), decisions],
  [confusionCounts(), decisions],
  [averagePrecision(), decisions],
  [balancedAccuracy(), decisions],
  [calibrationError(), decisions],
  [perClass(), decisions],
  [meanAbsoluteError(), [scalar, vector]],
  [rootMeanSquaredError(), [scalar, vector]],
  [rSquared(), [scalar, vector]],
  [meanAbsolutePercentageError(), [scalar, vector]],
  [spearman(), [scalar, vector]],
];
const each = cases.flatMap(([metric, kinds]) => kinds.map((kind) => [metric.name, kind.name, metric, kind] as const));

function expectSame(found: unknown, expected: unknown): void {
  const flat = (value: unknown) => [value].flat(2) as number[];
  expect(flat(found).length).toBe(flat(expected).length);
  flat(found).forEach((value, i) => {
    const other = flat(expected)[i] as number;
    if (Number.isNaN(other)) expect(value).toBeNaN();
    else expect(Math.abs(value - other)).toBeLessThan(1e-12 * (1 + Math.abs(other)));
  });
}

describe.each(each)('%s of %s', (_metric, _kind, metric, kind) => {
  const rows = fc.array(kind.row, { minLength: 1, maxLength: 12 });

  it('is the same streamed in any batches as in one', () => {
    fc.assert(
      fc.property(rows, fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 12, maxLength: 12 }), (all, sizes) => {
        const running = metric.start();
        for (let start = 0, b = 0; start < all.length; b++) {
          const end = start + (sizes[b] as number);
          running.update(metricRows(kind, all.slice(start, end)));
          start = end;
        }
        expectSame(running.result(), measure(metric, kind, all));
      }),
    );
  });

  it('takes a weight for a repetition', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const repeated = all.flatMap((row) => new Array<Row>(row.w).fill({ ...row, w: 1 }));
        fc.pre(repeated.length > 0);
        expectSame(measure(metric, kind, all), measure(metric, kind, repeated));
      }),
    );
  });

  it('does not see rows of weight 0, whatever they hold', () => {
    fc.assert(
      fc.property(rows, rows, fc.constantFrom(0, 1e30, Number.NaN), (all, others, garbage) => {
        fc.pre(all.some((row) => row.w > 0));
        const silent = others.map((row) => ({ ...row, p: row.p.map(() => garbage), w: 0 }));
        expectSame(measure(metric, kind, [...silent, ...all, ...silent]), measure(metric, kind, all));
      }),
    );
  });

  it('has no number before the first label', () => {
    const nothing = [metric.start().result(), measure(metric, kind, [])].flat(2);
    expect(nothing.every((value) => Number.isNaN(value) || value === 0)).toBe(true);
    if (metric.better !== 'none') expect(nothing).toEqual([Number.NaN, Number.NaN]);
  });

  it('starts afresh every time, and describes itself', () => {
    fc.assert(
      fc.property(rows, (all) => {
        expectSame(measure(metric, kind, all), measure(metric, kind, all));
      }),
      { numRuns: 5 },
    );
    expect(isPart(metric, 'metric')).toBe(true);
    expect(Object.isFrozen(metric)).toBe(true);
  });

  it('refuses weights that are not one per row, and predictions that do not fit', () => {
    const [row] = fc.sample(kind.row, 1);
    const good = metricRows(kind, [row as Row]);
    const mismatch = expect.objectContaining({ code: 'POLYTASK_SHAPE_MISMATCH' });
    expect(() => metric.start().update({ ...good, weights: new Float32Array(2) })).toThrow(mismatch);
    const predictions = { data: new Float32Array(5), shape: [5] };
    expect(() => metric.start().update({ ...good, predictions })).toThrow(mismatch);
  });
});

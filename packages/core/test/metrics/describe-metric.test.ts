import { accuracy, auc, confusionCounts, f1, isPart, type Metric, macroF1, microF1 } from '@polytask/core';
import { expect, expectTypeOf, it } from 'vitest';
import { describeMetric, thresholdOptions } from '../../src/metrics/describe-metric.js';

it.each([accuracy, confusionCounts, f1, macroF1, microF1])('%o checks the threshold', (metric) => {
  expect(metric().options).toEqual({ threshold: 0.5 });
  expect(metric({ threshold: 0.25 }).options).toEqual({ threshold: 0.25 });
  for (const threshold of [0, 1, Number.NaN, '0.5' as never]) {
    expect(() => metric({ threshold })).toThrow(/`threshold` must be a number above 0 to below 1/);
  }
});

it('takes no options where there are none', () => {
  expect(auc().options).toEqual({});
  expect(() => auc({ threshold: 0.5 } as never)).toThrow(/`threshold` must be left out/);
});

it('makes a metric that keeps its name and starts with its options', () => {
  const constant = describeMetric({
    name: 'constant',
    summary: 'The threshold.',
    options: thresholdOptions,
    better: 'higher',
    start: ({ threshold }) => ({ update() {}, result: () => threshold }),
  });
  const made = constant({ threshold: 0.75 });
  expectTypeOf(made).toEqualTypeOf<Metric<'constant', number>>();
  expect(isPart(made, 'metric')).toBe(true);
  expect(made).toMatchObject({ name: 'constant', better: 'higher' });
  expect(made.start().result()).toBe(0.75);
});

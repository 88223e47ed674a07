import { expect, it } from 'vitest';
import { accuracy } from '../../src/metrics/accuracy.js';
import { confusionCounts } from '../../src/metrics/confusion-counts.js';
import { plainOptions, taskFields } from '../../src/tasks/task-options.js';

it('fills in the usual metrics, of which the first is the primary one', () => {
  const fields = taskFields('t', {}, [accuracy()]);
  expect(fields).toMatchObject({ name: 't', primaryMetric: 'accuracy' });
  expect(Object.keys(fields)).not.toContain('column');
  expect(taskFields('t', { metrics: [accuracy(), confusionCounts()] }, []).metrics.length).toBe(2);
});

it('refuses a name that is empty and metrics without a primary one', () => {
  expect(() => taskFields('', {}, [accuracy()])).toThrow(/`name`/);
  expect(() => taskFields('t', { metrics: [] }, [accuracy()])).toThrow(/begins with a metric/);
  expect(() => taskFields('t', { metrics: [confusionCounts(), accuracy()] }, [])).toThrow(/\["confusion","accuracy"\]/);
});

it('gives options as plain data', () => {
  expect(plainOptions({ column: 'c', metrics: [accuracy()] })).toEqual({ column: 'c', metrics: ['accuracy'] });
});

import { expect, it } from 'vitest';
import { metricDirections } from '../../src/evaluation/metric-directions.js';
import { accuracy } from '../../src/metrics/accuracy.js';
import { confusionCounts } from '../../src/metrics/confusion-counts.js';
import { classification } from '../../src/tasks/classification.js';
import { regression } from '../../src/tasks/regression.js';

it('reads directions off tasks', () => {
  const tasks = [classification('left', { classes: 2, metrics: [accuracy(), confusionCounts()] }), regression('depth')];
  expect(metricDirections(tasks)).toEqual({ left: { accuracy: 'higher' }, depth: { rmse: 'lower' } });
  expect(metricDirections(tasks, 'all')).toEqual({
    left: { accuracy: 'higher' },
    depth: { rmse: 'lower', mae: 'lower', r2: 'higher' },
  });
});

import { accuracy, auc, confusionCounts, isPart } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { number, optional } from '../../src/index.js';
import { describeTask } from '../../src/tasks/task-options.js';

const cites = [{ authors: 'A. Author', title: 'T', venue: 'V', year: 2020, url: 'https://example.org' }];
const task = describeTask(
  { name: 'of-this-test', summary: 'For this test.', cites, options: { rate: optional(number(), 'Rate.') } },
  () => ({
    metrics: [accuracy()],
    target: { shape: [], dtype: 'float32' },
    outputs: { value: [1] },
    loss: (_, target) => tf.zerosLike(target),
    predict: ({ value }) => value as tf.Tensor,
    decode: ({ data }) => Array.from(data),
  }),
);

it('fills in the usual metrics, of which the first is the primary one, and the column', () => {
  const made = task({ name: 't' });
  expect(isPart(made, 'task')).toBe(true);
  expect(made).toMatchObject({ name: 't', type: 'of-this-test', column: 't', primaryMetric: 'accuracy', cites });
  expect('inputs' in made).toBe(false);
  expect(task({ name: 't', metrics: [accuracy(), confusionCounts()] }).metrics).toHaveLength(2);
  expect(task({ name: 't', column: 'c', inputs: ['x'] })).toMatchObject({ column: 'c', inputs: ['x'] });
});

it('refuses a name that is empty or has slashes, and metrics without a primary one', () => {
  expect(() => task({ name: '' })).toThrow(/`name`/);
  expect(() => task({ name: 'a/b' })).toThrow(/`name` must be a name without slashes/);
  expect(() => task({ name: 't', metrics: [] })).toThrow(/`metrics` must be a list of metrics, at least one/);
  expect(() => task({ name: 't', inputs: [] })).toThrow(/`inputs` must be a list of input names, at least one/);
  expect(() => task({ name: 't', metrics: [confusionCounts(), accuracy()] })).toThrow(
    /begins with a metric .*\["confusion","accuracy"\]/,
  );
});

it('takes another primary metric than the first, of those that there are', () => {
  const metrics = [accuracy(), auc(), confusionCounts()];
  expect(task({ name: 't', metrics, primaryMetric: 'auc' }).primaryMetric).toBe('auc');
  expect(task({ name: 't', metrics: [confusionCounts(), auc()], primaryMetric: 'auc' }).primaryMetric).toBe('auc');
  expect(() => task({ name: 't', metrics, primaryMetric: 'acc' })).toThrow(
    /no metric of task `t` named `acc`; there are `accuracy`, `auc`, `confusion`/,
  );
  expect(() => task({ name: 't', metrics, primaryMetric: 'confusion' })).toThrow(
    /`primaryMetric` must be a metric of which higher or lower is better: accuracy, auc/,
  );
});

it('takes a weight, a number above 0 or that of the labels there are', () => {
  expect('weight' in task({ name: 't' })).toBe(false);
  expect(task({ name: 't', weight: 2 }).weight).toBe(2);
  expect(task({ name: 't', weight: 'labelled-share' }).weight).toBe('labelled-share');
  for (const wrong of [0, -1, Number.NaN, 'share']) {
    expect(() => task({ name: 't', weight: wrong as never })).toThrow(
      /`weight` must be a number above 0, or labelled-share/,
    );
  }
});

it('gives options as plain data', () => {
  expect(task({ name: 't', column: 'c', metrics: [accuracy()] }).options).toEqual({
    name: 't',
    column: 'c',
    metrics: [{ name: 'accuracy', options: { threshold: 0.5 } }],
  });
});

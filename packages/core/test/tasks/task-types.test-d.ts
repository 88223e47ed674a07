import { expectTypeOf, it } from 'vitest';
import type { AnyTask } from '../../src/contracts/task.js';
import { accuracy } from '../../src/metrics/accuracy.js';
import { confusionCounts } from '../../src/metrics/confusion-counts.js';
import { binary } from '../../src/tasks/binary.js';
import { classification } from '../../src/tasks/classification.js';
import { denseClassification } from '../../src/tasks/dense-classification.js';
import { multiLabel } from '../../src/tasks/multi-label.js';
import { regression } from '../../src/tasks/regression.js';

const left = classification('left', { classes: 10 });

it('keeps names of tasks and metrics as literal types', () => {
  expectTypeOf(left.name).toEqualTypeOf<'left'>();
  expectTypeOf<(typeof left.metrics)[number]['name']>().toEqualTypeOf<'accuracy' | 'macroF1' | 'logLoss'>();
  expectTypeOf(left.primaryMetric).toEqualTypeOf<'accuracy' | 'macroF1' | 'logLoss'>();
  const rain = binary('rain');
  expectTypeOf(rain.name).toEqualTypeOf<'rain'>();
  expectTypeOf<(typeof rain.metrics)[number]['name']>().toEqualTypeOf<'accuracy' | 'f1' | 'auc' | 'logLoss'>();
  const genres = multiLabel('genres', { labels: 3 });
  expectTypeOf<(typeof genres.metrics)[number]['name']>().toEqualTypeOf<
    'macroF1' | 'microF1' | 'accuracy' | 'logLoss'
  >();
  const height = regression('height');
  expectTypeOf(height.name).toEqualTypeOf<'height'>();
  expectTypeOf<(typeof height.metrics)[number]['name']>().toEqualTypeOf<'rmse' | 'mae' | 'r2'>();
  const tags = denseClassification('tags', { classes: 3, positions: [4] });
  expectTypeOf(tags.name).toEqualTypeOf<'tags'>();
});

it('takes the names of metrics from the option', () => {
  const own = classification('own', { classes: 2, metrics: [accuracy(), confusionCounts()] });
  expectTypeOf<(typeof own.metrics)[number]['name']>().toEqualTypeOf<'accuracy' | 'confusion'>();
  expectTypeOf(own.metrics[1].start().result()).toEqualTypeOf<readonly (readonly number[])[]>();
});

it('types predictions', () => {
  const data = { data: new Float32Array(2), shape: [1, 2] };
  expectTypeOf(left.decode(data)[0]?.label).toEqualTypeOf<string | undefined>();
  const pet = classification('pet', { classes: ['cat', 'dog'] });
  expectTypeOf(pet.decode(data)[0]?.label).toEqualTypeOf<'cat' | 'dog' | undefined>();
  expectTypeOf(binary('b').decode(data)[0]?.label).toEqualTypeOf<'negative' | 'positive' | undefined>();
  expectTypeOf(binary('b', { labels: ['dry', 'wet'] }).decode(data)[0]?.label).toEqualTypeOf<
    'dry' | 'wet' | undefined
  >();
  const genres = multiLabel('genres', { labels: ['drama', 'war'] });
  expectTypeOf(genres.decode(data)[0]?.labels).toEqualTypeOf<readonly ('drama' | 'war')[] | undefined>();
  expectTypeOf(regression('one').decode(data)).toEqualTypeOf<readonly number[]>();
  expectTypeOf(regression('one', { loss: 'mae' }).decode(data)).toEqualTypeOf<readonly number[]>();
  expectTypeOf(regression('two', { size: 2 }).decode(data)).toEqualTypeOf<readonly (readonly number[])[]>();
});

it('lets every task stand where any task may', () => {
  const tasks: readonly AnyTask[] = [left, binary('b'), regression('r'), regression('v', { size: 3 })];
  expectTypeOf(tasks).toMatchTypeOf<readonly AnyTask[]>();
});

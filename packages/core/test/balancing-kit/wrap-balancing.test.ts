import {
  adam,
  type BoundGradientBalancing,
  defineGradientBalancing,
  defineLossWeighting,
  defineStepPlan,
  isPart,
  type State,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { wrapBalancing } from '../../src/balancing-kit/wrap-balancing.js';
import { errorOf } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const context = { tasks: ['a', 'b'], uniform: () => () => 0 } as never;
const cites = [{ authors: 'A', title: 'T', venue: 'V', year: 2000, url: 'https://example.org' }];

/** Its instance is of a class, and everything that happens is written down. */
const events: string[] = [];
class Counting implements BoundGradientBalancing {
  count = 0;
  weights() {
    this.count += 1;
    return [this.count, 1];
  }
  epochEnd() {
    events.push('inner ends');
  }
  saveState(): State {
    return { count: this.count };
  }
  loadState(state: State) {
    this.count = state.count as number;
  }
  reset() {
    this.count = 0;
  }
  dispose() {
    events.push('inner disposes');
  }
}
const counting = defineGradientBalancing({
  name: 'counting',
  cites,
  options: { from: 0 },
  scale: 'paper',
  gradientsOf: 'layers',
  headGradients: 'weighted',
  bind: () => new Counting(),
});

const doubling = wrapBalancing(counting, {
  name: 'doubling',
  options: { by: 2 },
  bind(inner) {
    let calls = 0;
    return {
      weights(input) {
        calls += 1;
        return Array.from(inner.weights?.(input) ?? [], (weight) => 2 * weight);
      },
      epochEnd: () => void events.push('outer ends'),
      saveState: () => ({ calls }),
      loadState(state) {
        calls = state.calls as number;
      },
      reset() {
        calls = 0;
      },
      dispose: () => void events.push('outer disposes'),
    };
  },
});
const input = {} as never;

it('is of the same kind, compares the same gradients at the same scale, and names what is within', () => {
  expect(isPart(doubling, 'gradient-balancing')).toBe(true);
  expect(doubling).toMatchObject({
    name: 'doubling',
    cites,
    options: { by: 2, inner: { name: 'counting', options: { from: 0 } } },
    scale: 'paper',
    gradientsOf: 'layers',
    headGradients: 'weighted',
  });
  expect(Object.isFrozen(doubling)).toBe(true);
});

it('replaces what it gives, and keeps both states', async () => {
  const bound = doubling.bind(context);
  expect(bound.weights?.(input)).toEqual([2, 2]);
  expect(bound.weights?.(input)).toEqual([4, 2]);
  expect(bound.saveState?.()).toEqual({ own: { calls: 2 }, inner: { count: 2 } });
  const other = doubling.bind(context);
  other.loadState?.({ own: { calls: 2 }, inner: { count: 2 } });
  expect(other.weights?.(input)).toEqual([6, 2]);
  other.reset?.();
  expect(other.saveState?.()).toEqual({ own: { calls: 0 }, inner: { count: 0 } });
  events.length = 0;
  await bound.epochEnd?.({ epoch: 0, meanLosses: new Float64Array(2) }, undefined as never);
  bound.dispose?.();
  expect(events).toEqual(['inner ends', 'outer ends', 'outer disposes', 'inner disposes']);
});

it('nests', () => {
  const twice = wrapBalancing(doubling, { name: 'twice', bind: () => ({}) });
  const bound = twice.bind(context);
  expect(bound.weights?.(input)).toEqual([2, 2]);
  expect(bound.saveState?.()).toEqual({ own: {}, inner: { own: { calls: 1 }, inner: { count: 1 } } });
});

it('goes around loss weightings and step plans too', async () => {
  const sum = defineLossWeighting({ name: 'sum', bind: () => ({ scalarize: (losses) => tf.sum(losses) }) });
  const halved = wrapBalancing(sum, {
    name: 'halved',
    bind: (inner) => ({ scalarize: (...given) => tf.mul(inner.scalarize(...given), 0.5) }),
  });
  const found = tf.tidy(
    () =>
      halved
        .bind(context)
        .scalarize(tf.tensor1d([1, 3]), tf.ones([2]), {})
        .dataSync()[0],
  );
  expect(found).toBe(2);
  const report = { losses: new Float64Array(2), weights: [1, 1] };
  const plan = defineStepPlan({ name: 'plan', bind: () => ({ step: async () => report }) });
  const bound = wrapBalancing(plan, { name: 'around', bind: () => ({}) }).bind(context);
  expect(await bound.step({} as never)).toBe(report);
});

it('goes around nothing else', () => {
  expect(errorOf(() => wrapBalancing(adam() as never, { name: 'no' } as never)).code).toBe('POLYTASK_WRONG_PART');
});

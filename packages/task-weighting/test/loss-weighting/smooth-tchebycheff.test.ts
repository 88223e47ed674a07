import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smoothTchebycheff } from '../../src/loss-weighting/smooth-tchebycheff.js';
import { tchebycheff } from '../../src/loss-weighting/tchebycheff.js';
import { scalarOf } from '../scalar.js';
import { expectClose, openLosses, weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', smoothTchebycheff, { claims })) test(name, run);

const warmed = () => smoothTchebycheff({ warmUp: 1 });
const ofState = conformance('loss-weighting', warmed).filter(({ name }) => /checkpoint|reset|every size/.test(name));
for (const { name, run } of ofState) test(`with a warm-up: ${name}`, run);

const triples = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 });

test('is the smooth maximum, with a softmax of weights', () => {
  fc.assert(
    fc.property(triples, fc.constantFrom(0.1, 1), fc.constantFrom(0, 0.1), (losses, mu, augmentation) => {
      const part = smoothTchebycheff({
        preference: { task0: 2 },
        ideal: { task1: 1 },
        mu,
        augmentation,
        scale: 'paper',
      });
      const r = [0.5, 0.25, 0.25];
      const measured = losses.map((loss, k) => (loss - (k === 1 ? 1 : 0)) * (r[k] as number));
      const exponentials = measured.map((one) => Math.exp(one / mu));
      const total = exponentials.reduce((sum, one) => sum + one, 0);
      const sum = measured.reduce((all, one) => all + one, 0);
      expectClose([scalarOf(part, losses)], [mu * Math.log(total) + augmentation * sum], 1e-5);
      const weights = exponentials.map((one, k) => (r[k] as number) * (one / total + augmentation));
      expectClose(weighted(part, losses).weights, weights, 1e-5);
    }),
    { numRuns: 20 },
  );
});

test('becomes the maximum as μ goes to 0', () => {
  const losses = [2, 3, 2.5];
  const [smooth, plain] = [smoothTchebycheff({ mu: 1e-3 }), tchebycheff()];
  expectClose([scalarOf(smooth, losses)], [scalarOf(plain, losses)], 1e-5);
  expectClose(weighted(smooth, losses).weights, weighted(plain, losses).weights);
});

test('after a warm-up losses are measured by the mean of its last epoch', async () => {
  const opened = openLosses(smoothTchebycheff({ warmUp: 2, mu: 0.5, scale: 'paper' }), 2);
  expectClose(opened.step([2, 4]).weights, [1 / 2, 1 / 4]);
  await opened.epochEnd([9, 9]);
  expectClose(opened.step([2, 4]).weights, [1 / 2, 1 / 4]);
  await opened.epochEnd([2, 3]);
  // exp(log(L / n) / ½) = (L / n)²; the derivative of log(L / n) is 1 / L.
  expectClose(opened.step([2, 6]).weights, [1 / 5 / 2, 4 / 5 / 6]);
  await opened.epochEnd([1, 1]);
  expectClose(opened.step([2, 6]).weights, [1 / 5 / 2, 4 / 5 / 6]);
  opened.dispose();
  expect(smoothTchebycheff().leastLoss).toBeUndefined();
  expect(smoothTchebycheff({ warmUp: 1 }).leastLoss).toBe(0);
});

import { expect, test } from 'vitest';
import { adam, defineStepPlan, momentum, notesOn, sgd, sumOfLosses } from '../../src/index.js';

const plain = defineStepPlan({
  name: 'plain',
  madeFor: { optimizers: ['sgd', 'momentum'], because: 'It moves by signs.' },
  bind: () => ({ step: async () => ({ losses: Float64Array.of(), weights: Float64Array.of() }) }),
});
const note = '`plain` was made for the optimizer `sgd` or `momentum`, and this run has `adam`. It moves by signs.';

test('a method that was made for other optimizers says so', () => {
  expect(notesOn({ balancing: plain, optimizer: adam() })).toEqual([note]);
});

test('without an optimizer it is the one that a trainer takes', () => {
  expect(notesOn({ balancing: plain })).toEqual([note]);
});

test('nothing is said of what fits, nor by methods that do not mind', () => {
  expect(notesOn({ balancing: plain, optimizer: momentum({ learningRate: 0.1 }) })).toEqual([]);
  expect(notesOn({ balancing: plain, optimizer: sgd({ learningRate: 0.1 }) })).toEqual([]);
  expect(notesOn({ balancing: sumOfLosses(), optimizer: adam() })).toEqual([]);
  expect(notesOn({})).toEqual([]);
});

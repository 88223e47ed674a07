import { expect, test } from 'vitest';
import {
  adam,
  defineSharing,
  defineStepPlan,
  momentum,
  notesOn,
  sgd,
  sumOfLosses,
  wrapBalancing,
} from '../../src/index.js';

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

test('a model that was made for a balancing says so, unless that is there or within another', () => {
  const sharing = defineSharing({
    name: 'turned',
    madeFor: { balancings: ['plain'], because: 'No other learns its rotations.' },
    bind: () => ({ forward: () => ({ outputs: {}, features: {}, intermediates: {} }) }),
  });
  const said = (name: string) =>
    `\`turned\` was made for the balancing \`plain\`, and this run has \`${name}\`. No other learns its rotations.`;
  const optimizer = sgd({ learningRate: 0.1 });
  const around = wrapBalancing(plain, { name: 'around', bind: () => ({}) });
  expect(notesOn({ sharing })).toEqual([said('sum-of-losses')]);
  expect(notesOn({ sharing, balancing: wrapBalancing(sumOfLosses(), { name: 'around', bind: () => ({}) }) })).toEqual([
    said('around'),
  ]);
  expect(notesOn({ sharing, balancing: plain, optimizer })).toEqual([]);
  expect(
    notesOn({ sharing, balancing: wrapBalancing(around, { name: 'twice', bind: () => ({}) }), optimizer }),
  ).toEqual([]);
});

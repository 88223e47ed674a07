import { mlp } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { dselectK } from '../src/dselect-k.js';
import { bind, descend, listed, product, softmax, weighed } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([4], { activation: 'tanh' });
const claims = ['order-of-tasks'] as const;
for (const { name, run } of conformance('sharing', () => dselectK({ encoder, experts: 3 }), { claims }))
  test(name, run);
// What differs by row: layers in the place of variables; and one bit.
const byRow = conformance('sharing', () => dselectK({ encoder, experts: 2, by: 'row' }));
const differing = /trains|a variable reach|one task|comes with it/;
for (const { name, run } of byRow.filter((check) => differing.test(check.name))) test(`by row: ${name}`, run);

const linear = mlp([3], { activation: 'linear' });
const x = [
  [1, 2],
  [-3, 0.5],
];
const step = (t: number, gamma: number) =>
  t <= -gamma / 2 ? 0 : t >= gamma / 2 ? 1 : (-2 / gamma ** 3) * t ** 3 + (1.5 / gamma) * t + 0.5;

test('weighs experts by codes of smooth bits', () => {
  const gamma = 2;
  const { forward, set, values, usedBy, dispose } = bind(dselectK({ encoder: linear, experts: 4, gamma }), ['a', 'b']);
  const z = [
    [0.2, -0.6],
    [0.9, 3],
  ];
  const w = [0.3, -0.4];
  set('gates/a/z', z.flat());
  set('gates/a/w', w);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const selectors = z.map(([low, high]) => {
    const [p, q] = [step(low as number, gamma), step(high as number, gamma)];
    // Experts 0 = 00, 1 = 01, 2 = 10, 3 = 11, the lowest bit last.
    return [(1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q];
  });
  closeTo(listed(intermediates['selectors/a']), selectors);
  const shares = weighed(softmax(w), selectors);
  closeTo(listed(intermediates['gates/a']), [shares, shares]);
  expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 6);
  const experts = [0, 1, 2, 3].map((k) => product(x, values<number[][]>(`experts/expert${k}/dense0/kernel`)));
  closeTo(
    listed(features.a),
    x.map((_, row) =>
      weighed(
        shares,
        experts.map((expert) => expert[row] as number[]),
      ),
    ),
  );
  expect(usedBy('gates/a/z')).toEqual(['a']);
  dispose();
});

test('by row the selectors read the inputs', () => {
  const sharing = dselectK({
    encoder: linear,
    experts: 4,
    selected: 1,
    by: 'row',
    gate: mlp([2], { activation: 'linear' }),
  });
  const { forward, values, set, dispose } = bind(sharing, ['a']);
  set('gates/a/z/kernel', [0.5, -0.2, 0.1, 0.4]);
  set('gates/a/z/bias', [0.1, 0]);
  const bits = product(product(x, values('gates/a/dense0/kernel')), values('gates/a/z/kernel'));
  const wanted = bits.map(([low, high]) => {
    const [p, q] = [step((low as number) + 0.1, 1), step(high as number, 1)];
    return [(1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q];
  });
  closeTo(listed(forward({ x: tf.tensor2d(x) }).intermediates['gates/a']), wanted);
  dispose();
});

test('with three experts the fourth code is none, and a term keeps off it', () => {
  const { bound, forward, set, dispose } = bind(dselectK({ encoder: linear, experts: 3, selected: 1 }), ['a']);
  const of = (z: readonly number[]) => {
    set('gates/a/z', z);
    const state = forward({ x: tf.tensor2d(x) });
    const terms = Object.fromEntries(
      (bound.auxiliary ?? []).map(({ name, loss }) => [name, listed<number>(loss({ state } as never) as tf.Tensor)]),
    );
    return { shares: listed<number[][]>(state.intermediates['gates/a'])[0] as number[], terms };
  };
  expect(of([-1, 1]).shares).toEqual([0, 0, 1]);
  expect(of([1, 1]).shares).toEqual([0, 0, 0]);
  const { shares, terms } = of([0, 0]);
  expect(shares).toEqual([0.25, 0.25, 0.25]);
  closeTo([terms.entropy as number, terms.reach as number], [-0.75 * Math.log(0.25), 4 / 3]);
  dispose();
  const names = (experts: number) => {
    const { bound: of, dispose: end } = bind(dselectK({ encoder: linear, experts }), ['a']);
    end();
    return of.auxiliary?.map(({ name }) => name);
  };
  expect([names(1), names(4), names(5)]).toEqual([[], ['entropy'], ['entropy', 'reach']]);
});

test('the terms make every selector of every task decide', () => {
  const model = bind(dselectK({ encoder: linear, experts: 3, entropy: 1, reach: 1 }), ['a', 'b']);
  const rows = { x: tf.tensor2d(x) };
  descend(model, ['gates/a/z', 'gates/b/z'], rows, 60, 0.1);
  const { intermediates } = model.forward(rows);
  for (const task of ['a', 'b']) {
    for (const selector of listed<number[][]>(intermediates[`selectors/${task}`])) {
      expect(Math.max(...selector)).toBeGreaterThan(0.99);
    }
  }
  model.dispose();
});

test('one expert is taken whole', () => {
  const { forward, dispose } = bind(dselectK({ encoder: linear, experts: 1 }), ['a']);
  expect(listed(forward({ x: tf.tensor2d(x) }).intermediates['gates/a'])).toEqual([[1], [1]]);
  dispose();
});

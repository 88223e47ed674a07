import { expect, it } from 'vitest';
import { fusion } from '../../src/encoders/fusion.js';
import { mlp } from '../../src/encoders/mlp.js';
import { describeOptions } from '../../src/options/describe-options.js';

it('makes plain data of parts at any depth, and leaves out what is undefined', () => {
  const { options: defaults } = mlp([]);
  const options = { head: { a: mlp([3]) }, list: [mlp([]), 'b'], rate: 0.5, none: null, missing: undefined };
  const described = describeOptions(options);
  expect(described).toEqual({
    head: { a: { name: 'mlp', options: { ...defaults, units: [3] } } },
    list: [{ name: 'mlp', options: defaults }, 'b'],
    rate: 0.5,
    none: null,
  });
  expect('missing' in described).toBe(false);
});

it('survives JSON', () => {
  const { options } = fusion({ x: mlp([3]), z: { inputs: ['a', 'b'], encoder: fusion({ a: mlp([1]), b: mlp([1]) }) } });
  expect(JSON.parse(JSON.stringify(options))).toEqual(options);
});

import { expect, it } from 'vitest';
import {
  code,
  fillOptions,
  flag,
  InvalidOptionError,
  list,
  mapping,
  number,
  optional,
  required,
  text,
  whole,
  withDefault,
} from '../../src/index.js';

const options = {
  units: required(list(whole({ from: 1 })), 'Widths.'),
  rate: withDefault(number({ from: 0 }), 0.1, 'Rate.'),
  unit: optional(text(), 'Unit.'),
  inner: withDefault(mapping({ deep: withDefault(flag(), true, 'Deep.') }), {}, 'Inner.'),
};

it('fills in defaults, also within mappings, and changes nothing that was given', () => {
  const given = Object.freeze({ units: [2], rate: undefined });
  expect(fillOptions(options, given)).toEqual({ units: [2], rate: 0.1, unit: undefined, inner: { deep: true } });
  expect(fillOptions(options, { units: [], rate: 0, inner: { deep: false } })).toMatchObject({
    rate: 0,
    inner: { deep: false },
  });
});

it('takes null for what it is', () => {
  const policy = optional(
    code<null>('null', (value) => value === null),
    'A policy.',
  );
  expect(fillOptions({ policy }, { policy: null })).toEqual({ policy: null });
});

it('names the first option that is wrong, down to its entry', () => {
  const optionOf = (given: unknown) => {
    try {
      fillOptions(options, given);
    } catch (error) {
      return (error as InvalidOptionError).option;
    }
    return 'nothing';
  };
  expect(optionOf({ units: [1, 0] })).toBe('units[1]');
  expect(optionOf({ units: [1], inner: { deep: 1 } })).toBe('inner.deep');
  expect(optionOf({ units: [1], rat: 1 })).toBe('rat');
  expect(optionOf({})).toBe('units');
  expect(() => fillOptions(options, {})).toThrow(InvalidOptionError);
});

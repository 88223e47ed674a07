import { LabelError, NonFiniteError, PolytaskError, ShapeMismatchError } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../src/parts/place-error.js';

const tasks = ['left', 'right'];

describe('placeOf', () => {
  it('finds the task that an error names', () => {
    expect(placeOf(new LabelError('right', 'no label', 'Look.'), tasks)).toEqual(['tasks', 1]);
    expect(placeOf(new ShapeMismatchError('Labels of task `left`', [null], [3, 2]), tasks)).toEqual(['tasks', 0]);
  });

  it('goes by the code else', () => {
    expect(placeOf(new ShapeMismatchError('Input `image` of `convNet`', [28, 28], [784]), tasks)).toEqual([
      'sharing',
      'encoder',
    ]);
    expect(placeOf(new PolytaskError('POLYTASK_NOTHING_SHARED', 'x'), tasks)).toEqual(['balancing']);
    expect(placeOf(new LabelError('other', 'no label', 'Look.'), tasks)).toEqual(['tasks']);
  });

  it('blames nobody for what the configuration does not decide', () => {
    expect(placeOf(new NonFiniteError('The loss', Number.NaN, 'left', 3), tasks)).toBeUndefined();
    expect(placeOf(new Error('x'), tasks)).toBeUndefined();
    expect(placeOf(new PolytaskError('toString', 'x'), tasks)).toBeUndefined();
  });
});

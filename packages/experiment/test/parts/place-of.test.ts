import { defineEncoder, LabelError, NonFiniteError, PolytaskError } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { optionPath, placeOf, rememberPlace } from '../../src/parts/place-of.js';

const tasks = ['left', 'right'];
const raw = { sharing: { use: 'x', encoder: { use: 'mlp', units: [8, 0] } } };

/** A part whose code throws this, and what comes of it. */
function thrownBy(error: Error): { part: object; thrown: unknown } {
  const part = defineEncoder({
    name: 'failing',
    stages: () => {
      throw error;
    },
  });
  try {
    part.stages({});
  } catch (thrown) {
    return { part, thrown };
  }
  return { part, thrown: undefined };
}

describe('placeOf', () => {
  it('finds the part whose code threw, and the option that it named', () => {
    const error = (option?: string) => {
      const { part, thrown } = thrownBy(new PolytaskError('X', 'x', option === undefined ? {} : { option }));
      rememberPlace(part, ['sharing', 'encoder']);
      return thrown;
    };
    expect(placeOf(error(), tasks, raw)).toEqual(['sharing', 'encoder']);
    expect(placeOf(error('units[1]'), tasks, raw)).toEqual(['sharing', 'encoder', 'units', 1]);
    expect(placeOf(error('gone.units'), tasks, raw)).toEqual(['sharing', 'encoder']);
  });

  it('finds the task that an error names', () => {
    expect(placeOf(new LabelError('right', 'no label', 'Look.'), tasks, raw)).toEqual(['tasks', 1]);
    expect(placeOf(new LabelError('other', 'no label', 'Look.'), tasks, raw)).toBeUndefined();
  });

  it('blames nobody for what the configuration does not decide', () => {
    expect(placeOf(new NonFiniteError('The loss', Number.NaN, 'left', 3), tasks, raw)).toBeUndefined();
    expect(placeOf(new Error('x'), tasks, raw)).toBeUndefined();
    expect(placeOf(thrownBy(new PolytaskError('toString', 'x')).thrown, tasks, raw)).toBeUndefined();
  });
});

describe('optionPath', () => {
  it('goes as far as the configuration does', () => {
    const error = (option: string) => new PolytaskError('X', 'x', { option });
    const config = { use: 'x', head: { left: { units: [1] } } };
    expect(optionPath(error('head.left.units[0]'), config, 'use')).toEqual(['head', 'left', 'units', 0]);
    expect(optionPath(error('head.right'), config, 'use')).toEqual(['head']);
    expect(optionPath(error('tail'), config, 'use')).toEqual(['use']);
  });
});

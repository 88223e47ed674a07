import { definePart, isPart, mlp, partMarker, regression, sgd } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { checkPart } from '../../src/model/check-part.js';

describe('checkPart', () => {
  it('takes parts of the kinds that are asked for, whichever copy of core made them', () => {
    checkPart(sgd(), 'optimizer', 'optimizer');
    checkPart(regression('a'), 'tasks', 'encoder', 'task');
    // What another copy's `definePart` gives: the same marker, which `Symbol.for` finds.
    checkPart(
      { kind: 'optimizer', specVersion: 1, name: 'theirs', [Symbol.for('polytask.part')]: true },
      'optimizer',
      'optimizer',
    );
    expect(partMarker).toBe(Symbol.for('polytask.part'));
  });

  it.each([
    [
      'another kind',
      mlp([1]),
      /`sharing` must be a sharing made by a `define...` helper, but is a part of kind `encoder`/,
    ],
    ['a factory that was not called', sgd, /but is a function; did you forget to call it, as in `sgd\(\)`\?/],
    ['a look-alike', { kind: 'sharing', specVersion: 1 }, /but is a part of kind `sharing`/],
    ['undefined', undefined, /but is undefined/],
    ['null', null, /but is object/],
    ['text', 'hard', /but is string/],
  ])('refuses %s', (_, value, message) => {
    expect(() => checkPart(value, 'sharing', 'sharing')).toThrow(message);
    expect(() => checkPart(value, 'sharing', 'sharing')).toThrow(
      expect.objectContaining({ code: 'POLYTASK_WRONG_PART' }),
    );
  });

  it('names all kinds that would do', () => {
    expect(() => checkPart(1, 'balancing', 'loss-weighting', 'step-plan')).toThrow(
      /must be a loss-weighting or a step-plan/,
    );
  });

  it('refuses a part of another version of its contract', () => {
    const newer = { ...definePart('optimizer', { ...sgd(), name: 'newer' } as never), specVersion: 99 };
    expect(isPart(newer, 'optimizer')).toBe(true);
    expect(() => checkPart(newer, 'optimizer', 'optimizer')).toThrow(
      /optimizer `newer` was written for version 99 .* this core speaks version 1/,
    );
    expect(() => checkPart(newer, 'optimizer', 'optimizer')).toThrow(
      expect.objectContaining({ code: 'POLYTASK_UNSUPPORTED_VERSION' }),
    );
  });
});

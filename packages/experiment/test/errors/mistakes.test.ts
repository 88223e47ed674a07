import { describe, expect, it } from 'vitest';
import { InputError, inFileOrder, type Mistake } from '../../src/errors/mistakes.js';

const at = (line: number, column: number, message = 'x'): Mistake => ({
  where: `run.yaml:${line}:${column}`,
  file: 'run.yaml',
  line,
  column,
  message,
});

describe('inFileOrder', () => {
  it('goes from top to bottom, each once, the command line last', () => {
    const option = { where: '--set seed', message: 'y' };
    expect(inFileOrder([option, at(10, 1), at(2, 5), at(2, 3), at(2, 5), at(2, 5, 'z')])).toEqual([
      at(2, 3),
      at(2, 5),
      at(2, 5, 'z'),
      at(10, 1),
      option,
    ]);
  });
});

describe('InputError', () => {
  it('tells all mistakes', () => {
    expect(new InputError([at(1, 2), at(3, 4, 'z')]).message).toBe('run.yaml:1:2: x\nrun.yaml:3:4: z');
  });
});

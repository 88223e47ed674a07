import { PolytaskError } from '@polytask/core';
import { InputError } from '@polytask/experiment';
import { describe, expect, it } from 'vitest';
import { tellFailure } from '../../src/errors/tell-failure.js';

describe('tellFailure', () => {
  it('lists mistakes and counts them', () => {
    const mistakes = [
      { where: 'run.yaml:3:1', file: 'run.yaml', line: 3, column: 1, message: 'b' },
      { where: 'run.yaml:1:1', file: 'run.yaml', line: 1, column: 1, message: 'a' },
    ];
    expect(tellFailure(new InputError(mistakes))).toEqual({
      code: 2,
      text: 'run.yaml:1:1: a\nrun.yaml:3:1: b\n2 mistakes; nothing was done.',
      document: { status: 'invalid', mistakes: [mistakes[1], mistakes[0]] },
    });
    expect(tellFailure(new InputError(mistakes.slice(1))).text).toContain('One mistake; nothing was done.');
  });

  it('tells our own errors and those of the system without a stack', () => {
    expect(tellFailure(new PolytaskError('POLYTASK_X', 'Too bad.'))).toEqual({
      code: 1,
      text: 'The run failed: Too bad.',
      document: { status: 'failed', error: { code: 'POLYTASK_X', message: 'The run failed: Too bad.' } },
    });
    expect(tellFailure(new PolytaskError('POLYTASK_X', 'Too bad.'), 'export').text).toBe('The export failed: Too bad.');
    const system = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open' });
    expect(tellFailure(system).text).toBe('The run failed: EACCES: permission denied');
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' });
    expect(tellFailure(full).text).toMatch(/^The disk is full: ENOSPC.*free some space/);
  });

  it('shows the stack of what nobody expected, and asks for a report', () => {
    const { code, text } = tellFailure(new TypeError('x is not a function'));
    expect(code).toBe(1);
    expect(text).toMatch(/TypeError: x is not a function\n\s+at /);
    expect(text).toContain('Please report it');
    expect(text).not.toContain('http');
    expect(tellFailure('a text').text).toContain('a text');
  });
});

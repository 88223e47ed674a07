import { describe, expect, it } from 'vitest';
import { colorsFor, print } from '../src/io.js';
import { printable } from '../src/printable.js';
import { written } from './helpers/fake-io.js';

describe('colorsFor', () => {
  const red = (columns: number | undefined, env: Record<string, string>) =>
    printable(colorsFor(written(columns).stream, env).red('x'));

  it('colours on terminals only', () => {
    expect(red(80, {})).toBe('\u001b[31mx\u001b[39m');
    expect(red(undefined, {})).toBe('x');
    expect(red(undefined, { FORCE_COLOR: '1' })).toBe('x');
  });

  it('respects NO_COLOR and dumb terminals', () => {
    expect(red(80, { NO_COLOR: '1' })).toBe('x');
    expect(red(80, { NO_COLOR: '' })).toContain('[31m');
    expect(red(80, { TERM: 'dumb' })).toBe('x');
  });
});

describe('print', () => {
  it('ends the line', () => {
    const { stream, text } = written();
    print(stream, 'a');
    expect(text()).toBe('a\n');
  });
});

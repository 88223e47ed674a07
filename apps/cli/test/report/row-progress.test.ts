import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noRowProgress, rowProgress } from '../../src/report/row-progress.js';
import { written } from '../helpers/fake-io.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const wait = (milliseconds: number) => vi.advanceTimersByTime(milliseconds);

describe('rowProgress', () => {
  it('says nothing of what is done within two seconds', () => {
    const { stream, text } = written(80);
    const progress = rowProgress({ stderr: stream, env: {} }, 'Predicting');
    for (const rows of [1024, 2048, 3072]) {
      wait(500);
      progress.rows(rows);
    }
    progress.end();
    wait(60_000);
    expect(text()).toBe('');
  });

  it('writes one line over and over on a terminal, no wider than it is, and takes it away at the end', () => {
    const { stream, text } = written(24);
    const progress = rowProgress({ stderr: stream, env: {} }, 'Predicting');
    wait(1000);
    progress.rows(1000);
    for (let second = 1; second <= 3; second++) {
      wait(1000);
      progress.rows(1000 + second * 500);
      // Too soon after the last one.
      wait(100);
      progress.rows(1001 + second * 500);
    }
    expect(text().split('\r').slice(1)).toEqual([
      'Predicting: 1500 rows, \u001b[K',
      'Predicting: 2000 rows, \u001b[K',
      'Predicting: 2500 rows, \u001b[K',
    ]);
    progress.end();
    progress.end();
    expect(text().endsWith('\u001b[K\r\u001b[K')).toBe(true);
    expect(text()).not.toContain('\n');
  });

  it.each([
    ['elsewhere', undefined, {}],
    ['on a dumb terminal', 80, { TERM: 'dumb' }],
  ] as const)('writes a line every ten seconds %s, with the rate since the first rows', (_, columns, env) => {
    const { stream, text } = written(columns);
    const progress = rowProgress({ stderr: stream, env }, 'Measuring');
    for (let second = 1; second <= 25; second++) {
      wait(1000);
      progress.rows(second * 100);
    }
    progress.end();
    expect(text()).toBe(
      'Measuring: 200 rows, 100 rows/s\nMeasuring: 1200 rows, 100 rows/s\nMeasuring: 2200 rows, 100 rows/s\n',
    );
  });

  it('says what it waits for where the first rows are late', () => {
    const { stream, text } = written();
    const progress = rowProgress({ stderr: stream, env: {} }, 'Predicting');
    wait(40_000);
    expect(text()).toBe('Predicting: looking through the rows first\n');
    progress.rows(1024);
    wait(1000);
    progress.rows(21_024);
    progress.end();
    expect(text()).toBe('Predicting: looking through the rows first\nPredicting: 21024 rows, 20000 rows/s\n');
  });

  it('is nothing at all where nothing is wanted', () => {
    expect(() => [noRowProgress.rows(1), noRowProgress.end()]).not.toThrow();
  });
});

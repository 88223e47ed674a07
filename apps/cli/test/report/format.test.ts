import { describe, expect, it } from 'vitest';
import {
  counted,
  formatBytes,
  formatChange,
  formatLoss,
  formatRemaining,
  formatSeconds,
  formatValue,
} from '../../src/report/format.js';

describe('format', () => {
  it('writes values with as many digits as they are worth', () => {
    expect([0.91234, 12.3456, 12_345.6, -0.5, Number.NaN, undefined].map(formatValue)).toEqual([
      '0.9123',
      '12.35',
      '12346',
      '−0.5000',
      '–',
      '–',
    ]);
    expect([0.12345, 12_340, Number.NaN].map(formatLoss)).toEqual(['0.123', '1.234e+4', '–']);
  });

  it('writes changes with their sign', () => {
    expect([1.234, -0.5, 0, 0.001, -0.001].map(formatChange)).toEqual([
      '+1.23 %',
      '−0.50 %',
      '±0.00 %',
      '±0.00 %',
      '±0.00 %',
    ]);
  });

  it('writes sizes', () => {
    expect([12, 999, 1499, 999_499, 999_500, 12_345_678].map(formatBytes)).toEqual([
      ...['12 B', '999 B', '1 kB', '999 kB', '1.0 MB', '12.3 MB'],
    ]);
  });

  it('writes durations', () => {
    expect([0.04, 8.26, 99.96, 125, 3725].map(formatSeconds)).toEqual([
      '0.0 s',
      '8.3 s',
      '1 min 40 s',
      '2 min 5 s',
      '1 h 2 min',
    ]);
    expect([0.2, 12.4, 120, 7200, Number.POSITIVE_INFINITY].map(formatRemaining)).toEqual([
      '1 s',
      '12 s',
      '2 min',
      '2.0 h',
      '',
    ]);
  });

  it('counts', () => {
    expect([counted(1, 'epoch'), counted(3, 'epoch')]).toEqual(['1 epoch', '3 epochs']);
  });
});

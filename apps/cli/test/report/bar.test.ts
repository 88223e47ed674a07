import { describe, expect, it } from 'vitest';
import { createBar, formatBar } from '../../src/report/bar.js';
import type { Standing } from '../../src/report/standing.js';
import { written } from '../helpers/fake-io.js';

const standing: Standing = {
  epoch: 2,
  epochs: 3,
  step: 30,
  steps: 120,
  losses: [
    ['left', 0.51234],
    ['right', 1.5],
  ],
  rowsPerSecond: 6543.2,
  secondsLeft: 12.3,
};

describe('formatBar', () => {
  it('shows epoch, step, a loss per task, throughput and time left, and fills the row', () => {
    const line = formatBar(standing, 100);
    expect(line).toMatch(/^ {2}epoch 2\/3 █+░+ 30\/120 {2}left 0\.512 right 1\.500 {2}6543 rows\/s {2}12 s left$/);
    expect(line.length).toBeLessThan(100);
    expect([...line].filter((char) => char === '█')).toHaveLength(8);
  });

  it('is never longer than the terminal is wide', () => {
    for (const columns of [20, 40, 60, 80, 200]) {
      expect(formatBar(standing, columns).length).toBeLessThan(columns);
      expect(formatBar({ ...standing, step: 120 }, columns).length).toBeLessThan(columns);
    }
    expect(formatBar(standing, 60)).not.toContain('█');
  });
});

describe('createBar', () => {
  it('writes over its line, and takes it away without touching the modes of the terminal', () => {
    const { stream, text } = written(80);
    const bar = createBar(stream);
    bar.show(standing);
    bar.show({ ...standing, step: 31 });
    bar.clear();
    bar.clear();
    expect(text()).toContain('epoch 2/3');
    expect(text()).not.toContain('\n');
    expect(text()).not.toContain('\u001b[?');
    // Back to the first column, and the line is clear.
    expect(text().slice(-8)).toBe('\u001b[1G\u001b[2K');
  });
});

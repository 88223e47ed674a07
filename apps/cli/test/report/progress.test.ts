import type { EpochEvent, StepEvent } from '@polytask/core';
import { noProgress } from '@polytask/experiment';
import { describe, expect, it } from 'vitest';
import { createProgress, quietProgress } from '../../src/report/progress.js';
import { fakeIo } from '../helpers/fake-io.js';

const network = {
  label: 'Training 2 tasks together',
  epochs: 2,
  stepsPerEpoch: 2,
  rowsPerStep: 100,
  tasks: [
    { name: 'left', primaryMetric: 'accuracy' },
    { name: 'right', primaryMetric: 'accuracy' },
  ],
};

const step = (batch: number, left: number, right: number, epoch = 0) =>
  ({ step: 0, epoch, batch, batches: 2, losses: { left, right }, weights: {}, terms: {}, logged: {} }) as StepEvent;

const epoch = (number: number, scores?: object) =>
  ({ epoch: number, epochs: 2, seconds: 1.5, scores, history: { steps: 2 * number } }) as unknown as EpochEvent;

/** Trains for two epochs, a second per step. */
function show(columns?: number, env: Record<string, string> = {}) {
  const { io, stderr } = fakeIo('/', undefined, columns);
  let time = 0;
  const progress = createProgress({ ...io, env }, () => time);
  const steps = (...events: StepEvent[]) => {
    for (const event of events) {
      time += 1000;
      progress.step(event);
    }
  };
  progress.note('Backend: wasm');
  progress.begin(network);
  steps(step(1, 2, Number.NaN), step(2, 1, 3));
  progress.epoch(epoch(1, { tasks: { left: { accuracy: 0.5 }, right: { accuracy: Number.NaN } } }));
  steps(step(1, 1, 1, 1), step(2, 0.5, 1, 1));
  progress.epoch(epoch(2));
  progress.end();
  return stderr.text();
}

describe('createProgress', () => {
  it('writes one line per epoch where there is no terminal', () => {
    expect(show()).toBe(
      [
        'Backend: wasm',
        'Training 2 tasks together: 2 epochs of 2 steps',
        '  epoch 1/2, step 2: loss left 1.500, right 3.000; validation accuracy left 0.500, right –; 1.5 s, 100 rows/s; about 2 s left',
        '  epoch 2/2, step 4: loss left 0.750, right 1.000; 1.5 s, 100 rows/s',
        '',
      ].join('\n'),
    );
  });

  it('moves a bar on a terminal, and breaks lines between their parts', () => {
    const text = show(80);
    expect(text).toContain('epoch 1/2 ');
    expect(text).toContain('█');
    expect(text).toContain(
      '  epoch 1/2, step 2: loss left 1.500, right 3.000;\n    validation accuracy left 0.500, right –; 1.5 s, 100 rows/s; about 2 s left\n',
    );
  });

  it('takes the bar away for good when the run is to stop', () => {
    const controller = new AbortController();
    const { io, stderr } = fakeIo('/', controller.signal, 80);
    const progress = createProgress(io, () => 0);
    progress.begin(network);
    progress.step(step(1, 1, 1));
    controller.abort();
    const before = stderr.text();
    expect(before.slice(-8)).toBe('\u001b[1G\u001b[2K');
    progress.step(step(2, 1, 1));
    expect(stderr.text()).toBe(before);
  });

  it('takes the bar away before it warns', () => {
    const { io, stderr } = fakeIo('/', undefined, 80);
    const progress = createProgress(io, () => 0);
    progress.begin(network);
    progress.step(step(1, 1, 1));
    progress.warn('slow');
    expect(stderr.text().slice(-22)).toBe('\u001b[1G\u001b[2KWarning: slow\n'.slice(-22));
  });

  it('is plain on a dumb terminal', () => {
    expect(show(80, { TERM: 'dumb' })).toBe(show());
  });
});

describe('quietProgress', () => {
  it('says warnings alone', () => {
    const { io, stderr } = fakeIo('/');
    const quiet = quietProgress(io);
    quiet.note('x');
    quiet.begin(network);
    quiet.epoch(epoch(1));
    quiet.warn('y');
    expect(stderr.text()).toBe('Warning: y\n');
  });
});

describe('noProgress', () => {
  it('says nothing', () => {
    noProgress.note('x');
    noProgress.warn('x');
    noProgress.begin(network);
    noProgress.step(step(1, 1, 1));
    noProgress.epoch(epoch(1));
    expect(noProgress.end()).toBeUndefined();
  });
});

import { type AnyTask, binary, monitorScores, regression } from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const tasks: readonly AnyTask[] = [binary('late'), regression('delay')];
const history = {
  tasks: {
    late: { loss: [0.5, 0.25], accuracy: [0.5, 0.75] },
    delay: { loss: [2, 3], rmse: [10, 8] },
  },
  validationWeights: { late: 1, delay: 3 } as { [task: string]: number },
};
const none = { ...history, validationWeights: {} };

describe('the score of an epoch', () => {
  it('is the weighed sum of losses, better where lower', () => {
    expect(monitorScores('loss', tasks, history, 1)).toEqual([-(0.25 + 3 * 3)]);
    expect(monitorScores('loss', tasks, none, 0)).toEqual([-2.5]);
  });

  it('is the weighed mean of losses relative to those of the first epoch', () => {
    // late: −1/2, delay: +1/2.
    expect(monitorScores('relative-loss', tasks, none, 1)).toEqual([0]);
    expect(monitorScores('relative-loss', tasks, history, 1)).toEqual([-(1 * -0.5 + 3 * 0.5) / 4]);
    expect(monitorScores('relative-loss', tasks, history, 0)).toEqual([0]);
  });

  it('is right in its sign for losses below 0, and defined from 0', () => {
    const odd = { tasks: { late: { loss: [-2, -3] }, delay: { loss: [0, 0.5] } }, validationWeights: {} };
    expect(monitorScores('relative-loss', tasks, odd, 1)).toEqual([(0.5 - 0.5) / 2]);
  });

  it('is Δm of the primary metrics over the first epoch', () => {
    // Accuracy 0.5 → 0.75 is +50 %, RMSE 10 → 8 is +20 %.
    expect(monitorScores('delta-m', tasks, history, 1)[0]).toBeCloseTo(35, 10);
    expect(monitorScores('delta-m', tasks, history, 0)).toEqual([0]);
  });

  it('is one number per task, or one metric', () => {
    expect(monitorScores('tasks', tasks, history, 1)).toEqual([-0.25, -3]);
    expect(monitorScores({ task: 'late', metric: 'accuracy' }, tasks, history, 1)).toEqual([0.75]);
    expect(monitorScores({ task: 'delay', metric: 'rmse' }, tasks, history, 1)).toEqual([-8]);
    expect(monitorScores({ task: 'delay', metric: 'loss' }, tasks, history, 1)).toEqual([-3]);
  });

  it('leaves out tasks without a validation label, and is NaN where there is no other', () => {
    const nan = [Number.NaN, Number.NaN];
    const one = { ...history, tasks: { ...history.tasks, late: { loss: nan, accuracy: nan } } };
    expect(monitorScores('loss', tasks, one, 1)).toEqual([-9]);
    expect(monitorScores('relative-loss', tasks, one, 1)).toEqual([-0.5]);
    expect(monitorScores('delta-m', tasks, one, 1)[0]).toBeCloseTo(20, 10);
    const empty = { tasks: { late: { loss: nan }, delay: { loss: nan } }, validationWeights: {} };
    for (const monitor of ['loss', 'relative-loss', 'delta-m'] as const) {
      expect(monitorScores(monitor, tasks, empty, 1)).toEqual([Number.NaN]);
    }
  });

  it('by relative loss does not change with the units of a loss', () => {
    const loss = fc.float({ min: Math.fround(0.01), max: 100, noNaN: true });
    fc.assert(
      fc.property(
        loss,
        loss,
        loss,
        loss,
        fc.float({ min: Math.fround(0.01), max: 100, noNaN: true }),
        (a, b, c, d, unit) => {
          const of = (scale: number) =>
            monitorScores(
              'relative-loss',
              tasks,
              { tasks: { late: { loss: [a, b] }, delay: { loss: [c * scale, d * scale] } }, validationWeights: {} },
              1,
            )[0];
          expect(of(unit)).toBeCloseTo(of(1) as number, 3);
        },
      ),
    );
  });
});

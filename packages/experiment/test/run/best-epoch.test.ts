import { classification, type History, regression } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { bestEpoch, bestEpochs } from '../../src/run/best-epoch.js';

const left = classification('left', { classes: 2 });
const right = classification('right', { classes: 2 });
const height = regression('height');
const history = (tasks: object) => ({ tasks, seconds: [1, 1, 1], validationWeights: {} }) as unknown as History;

describe('bestEpoch', () => {
  const found = history({
    left: { loss: [3, 1, 2], accuracy: [0.1, 0.2, 0.9] },
    right: { loss: [1, 2, 2], accuracy: [0.9, 0.8, 0.2] },
    height: { loss: [1, 1, 1], rmse: [4, 2, 2] },
  });

  it('goes by the sum of losses, the mean of primary metrics, or one metric, whichever way that is better', () => {
    expect(bestEpoch(found, [left, right], 'loss')).toBe(2);
    expect(bestEpoch(found, [left, right], 'mean')).toBe(3);
    expect(bestEpoch(found, [left, right], { task: 'right', metric: 'accuracy' })).toBe(1);
    expect(bestEpoch(found, [left, height], { task: 'height', metric: 'rmse' })).toBe(2);
  });

  it('goes by what early stopping may watch', () => {
    // Relative to the first epoch: 0; −2/3 and +1; −1/3 and +1.
    expect(bestEpoch(found, [left, right], 'relative-loss')).toBe(1);
    // Accuracy over the first epoch: +100 % and −11 %; +800 % and −78 %.
    expect(bestEpoch(found, [left, right], 'delta-m')).toBe(3);
    expect(bestEpochs(found, [left, right, height])).toEqual({ left: 2, right: 1, height: 1 });
    expect(bestEpochs(history({ left: { loss: [Number.NaN] } }), [left])).toEqual({});
  });

  it('leaves out what could not be measured', () => {
    const nan = [Number.NaN, Number.NaN, Number.NaN];
    const partly = history({ left: { loss: [Number.NaN, 5, 4] }, right: { loss: nan } });
    expect(bestEpoch(partly, [left, right], 'loss')).toBe(3);
    expect(bestEpoch(history({ left: { loss: nan } }), [left], 'loss')).toBeUndefined();
    expect(bestEpoch(history({}), [left], { task: 'left', metric: 'accuracy' })).toBeUndefined();
  });
});

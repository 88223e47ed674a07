import { classification, regression } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { compareWithAlone } from '../../src/run/compare.js';
import type { NetworkResult } from '../../src/run/document.js';

const tasks = [classification('left', { classes: 2 }), regression('height')];
const network = (results: NonNullable<NetworkResult['tasks']>) => ({ tasks: results }) as NetworkResult;
const joint = network({ left: { accuracy: 0.9 }, height: { rmse: 2 } });

describe('compareWithAlone', () => {
  it('is positive where joint training is better, whichever way the metric is', () => {
    const alone = { left: network({ left: { accuracy: 0.75 } }), height: network({ height: { rmse: 4 } }) };
    expect(compareWithAlone(tasks, joint, alone)).toMatchObject({
      improvementPercent: expect.closeTo(35),
      improvementPercentByTask: { left: expect.closeTo(20), height: expect.closeTo(50) },
      leftOut: {},
    });
  });

  it('leaves out what cannot be compared, with the reason', () => {
    const alone = { left: network({ left: { accuracy: 0 } }), height: network({ height: { rmse: 4 } }) };
    expect(compareWithAlone(tasks, joint, alone)).toMatchObject({
      improvementPercent: expect.closeTo(50),
      leftOut: { left: 'its accuracy alone is 0, and a change relative to 0 is undefined' },
    });
    const none = { left: network({ left: { accuracy: Number.NaN } }) };
    expect(compareWithAlone(tasks, joint, none)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { smallRun } from '../../../../test/support/configs.js';
import { loaded } from '../../../../test/support/prepared.js';
import { loadData } from '../../src/parts/load-data.js';

const fail = (_: unknown, error: Error) => {
  throw error;
};

describe('loadData', () => {
  it('sets validation rows apart from the training rows', async () => {
    const data = await loadData(await loaded(smallRun, ['split.validation=0.25']), fail);
    expect([data?.train.size, data?.validation?.size, data?.test.size]).toEqual([72, 24, 32]);
    expect(await loadData(await loaded(), fail)).not.toHaveProperty('validation');
  });

  it('gives nothing where the configuration of the data is wrong, which has been told', async () => {
    const wrong = await loaded(smallRun, ['data.use=multimnst']);
    expect(await loadData(wrong, fail)).toBeUndefined();
    expect(wrong.mistakes.mistakes).toHaveLength(1);
  });

  it('does without a split that is wrong, so that columns can be checked', async () => {
    const data = await loadData(await loaded(smallRun, ['split.validation=2']), fail);
    expect(data?.train.size).toBe(96);
  });
});

import { describe, expect, it } from 'vitest';
import { smallRun } from '../../../../test/support/configs.js';
import { loaded } from '../../../../test/support/prepared.js';
import { checkColumns } from '../../src/parts/check-columns.js';
import { loadData, type RunData } from '../../src/parts/load-data.js';

async function check(...set: string[]) {
  const config = await loaded(smallRun, set);
  const data = (await loadData(config, () => {})) as RunData;
  const inputsAgree = checkColumns(config, data);
  return { inputsAgree, told: config.mistakes.mistakes.map(({ message }) => message) };
}

describe('checkColumns', () => {
  it('has nothing against what is there', async () => {
    expect(await check('tasks.0.column=sum', 'tasks.0.inputs=[image]')).toEqual({ inputsAgree: true, told: [] });
  });

  it('finds columns that are not there; a model can be built all the same', async () => {
    expect(await check('tasks.0.column=summ')).toEqual({
      inputsAgree: true,
      told: ['the data have no column `summ`; there are left, right, sum. Did you mean `sum`?'],
    });
  });

  it('finds inputs that are not there', async () => {
    expect(await check('tasks.1.inputs=[image, sound]')).toEqual({
      inputsAgree: false,
      told: ['the data have no input `sound`; there are image'],
    });
  });
});

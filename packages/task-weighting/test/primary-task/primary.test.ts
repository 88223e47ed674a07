import { createTrainer, type GradientBalancing, mlp, regression } from '@polytask/core';
import { plainSharing } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { arml, gcs, olAux, priGradVac, priPcgrad } from '../../src/index.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const methods = [arml, gcs, olAux, priGradVac, priPcgrad] as const;
const named = methods.map((method) => ({
  name: method.name,
  method: method as (options?: object) => GradientBalancing,
}));

test.each(named)('$name takes the primary task of the run, unless it is given one', async ({ method }) => {
  const swapped = [goldenJacobian[1], goldenJacobian[0]] as number[][];
  const ofRun = await balanced(method(), goldenJacobian, undefined, { primary: 'task1' });
  const ofOption = await balanced(method({ primary: 'task0' }), swapped, undefined, { primary: 'task1' });
  expectClose(ofRun.direction, ofOption.direction);
});

test.each(named)('$name says that no primary task is named, or that there is none of that name', async ({ method }) => {
  await expect(balanced(method(), goldenJacobian)).rejects.toThrow('Option `primary` must be the name of a task');
  await expect(balanced(method({ primary: 'c' }), goldenJacobian)).rejects.toThrow('There is no task named `c`');
});

test.each(named)('$name goes on where the primary task is absent', async ({ method }) => {
  const rows = [...goldenJacobian, [1, 2, 3]];
  const { weights } = await balanced(method({ primary: 'task0', scale: 'paper' }), rows, [Number.NaN, 1, 1]);
  expect(weights).toEqual([0, 1, 1]);
});

test('an error names the option in a trainer too', async () => {
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const tasks = [regression('a'), regression('b')];
  const made = createTrainer({ tasks, inputs, sharing: plainSharing(mlp([2])), balancing: gcs() });
  await expect(made).rejects.toMatchObject({ code: 'POLYTASK_INVALID_OPTION', option: 'primary' });
});

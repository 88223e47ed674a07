import { expect, it } from 'vitest';
import { withPartDefaults } from '../../src/parts/part-defaults.js';

it('fills in what parts leave out, however deep they are nested', () => {
  const config = {
    optimizer: { use: 'adam', learningRate: 0.5, schedule: { use: 'cosine-decay', steps: 3 } },
    tasks: [{ name: 'a', type: 'regression', metrics: [{ use: 'accuracy' }] }],
    sharing: { use: 'hard-sharing', head: { a: { use: 'mlp', units: [3] } } },
    training: { epochs: 3 },
  };
  const filled = withPartDefaults(config) as unknown as Record<string, Record<string, unknown>>;
  expect(filled.optimizer).toMatchObject({ learningRate: 0.5, beta1: 0.9, schedule: { steps: 3, floor: 0 } });
  expect(filled.tasks?.[0]).toMatchObject({ loss: 'mse', standardize: true, metrics: [{ threshold: 0.5 }] });
  expect(filled.sharing).toMatchObject({ head: { a: { units: [3], activation: 'relu', batchNorm: false } } });
  expect(filled.training).toEqual({ epochs: 3 });
});

it('leaves alone what follows from something else, and what is not ours', () => {
  const config = { tasks: [{ name: 'a', type: 'classification' }], sharing: { use: '@acme/own#sharing', depth: 3 } };
  const { tasks, sharing } = withPartDefaults(config);
  expect(tasks[0]).not.toHaveProperty('classes');
  expect(sharing).toEqual(config.sharing);
});

it('changes nothing that it is given', () => {
  const config = { optimizer: { use: 'adam' } };
  withPartDefaults(config);
  expect(config).toEqual({ optimizer: { use: 'adam' } });
});

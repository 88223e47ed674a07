import { firstStep, uniformStream } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { annealedMixing, temperatureMixing } from '../../src/index.js';

for (const { name, run } of conformance('schedule', annealedMixing)) test(name, run);

const sizes = [900, 100, 30];
const bind = (part: ReturnType<typeof annealedMixing>) =>
  part.bind({
    tasks: sizes.map(String),
    definitions: [],
    primary: undefined,
    groups: {},
    sizes,
    batchSize: 64,
    uniform: (step) => uniformStream(1, step),
  });

test('in every epoch it is the temperature of that epoch', () => {
  const annealed = bind(annealedMixing());
  for (let epoch = 0; epoch < 5; epoch++) {
    const still = bind(temperatureMixing({ temperature: 1 / (1 - 0.2 * epoch) }));
    for (let step = 0; step < 10; step++) {
      const info = { ...firstStep, step, epoch, totalEpochs: 5 };
      expect(annealed.rows(info)).toEqual(still.rows(info));
    }
  }
});

test('stays in proportion where there is no end, or a single epoch', () => {
  const [annealed, proportional] = [bind(annealedMixing()), bind(temperatureMixing())];
  for (const totalEpochs of [null, 1]) {
    const info = { ...firstStep, epoch: 3, totalEpochs };
    expect(annealed.rows(info)).toEqual(proportional.rows(info));
  }
});

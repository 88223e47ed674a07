import { sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { gradNorm } from './methods/grad-norm.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

test('GradNorm: golden gradient of the logits', async () => {
  const scope = undefined as never;
  const context = { scope, uniform: () => () => 0, objectives: [], primary: undefined, groups: {} };
  const bound = gradNorm({ learningRate: 1 }).bind({ ...context, tasks: ['a', 'b'] });
  bound.loadState?.({ logits: { values: [0, 0], momentum: [0, 0] }, initial: [4, 4] });
  const gramian = Float64Array.of(18, -22, -22, 38);
  const input = {
    gramian,
    tasks: [0, 1],
    losses: Float64Array.of(2, 3),
    block: 'shared/0',
    step: { step: 0, epoch: 0, totalSteps: null, totalEpochs: null, stepsPerEpoch: null },
  };
  expect(bound.weights?.(input)).toEqual([1, 1]);
  expect(bound.saveState?.().logits).toMatchObject({
    values: [expect.closeTo(-5.203527, 5), expect.closeTo(5.203527, 5)],
  });
});

test('GradNorm: compares the last shared layer, weighs everything', async () => {
  // The last layer is the third coordinate only: equal gradients of 1, so that the first step leaves weights and logits alone.
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3], { widths: [2, 1] });
  const options = { ...problem, balancing: gradNorm(), optimizer: sgd({ learningRate: 0.1 }) };
  await trained(options, data, { epochs: 2, batchSize: 2 }, ({ events, trainer, checkpoint }) => {
    expect(trainer.history?.cosines[0]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(events[0]?.weights).toEqual({ a: 1, b: 1 });
    // d = (2, 2, 2): losses fall by .1 (a_k · d + 1).
    expectClose(Object.values(events[1]?.losses ?? {}), [2 - 0.1 * (-8 + 2 + 2 + 1), 3 - 0.1 * (12 + 2 + 2 + 1)]);
    const { logits, initial } = checkpoint.state.balancing as { logits: { values: number[] }; initial: number[] };
    expect(initial).toEqual([2, 3]);
    // b fell relative to a: w_a ‖g‖ = 1 lies below its target, so a's logit rises: −lr · w (slope − mean) = .025.
    expectClose(logits.values, [0.025, -0.025]);
  });
});

test('GradNorm resumes, with tasks absent from some batches', async () => {
  const train = toyTable(['a', 'b', 'c'], 24, { a: (row) => row % 6 < 4 });
  const options = () => ({ tasks: toyTasks('a', 'b', 'c'), sharing: tinySharing(), balancing: gradNorm() });
  await expectResumes(options, train, { epochs: 3, batchSize: 4 }, 7);
});

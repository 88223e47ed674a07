import { adam, type Optimizer, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { affinityProbe } from './methods/affinity-probe.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);

async function affinities(optimizer: Optimizer) {
  const found: number[][][] = [];
  let ends: Record<string, number[]> = {};
  const balancing = affinityProbe((z) => void found.push(z));
  await trained({ ...problem, balancing, optimizer }, data, { epochs: 2, batchSize: 2 }, ({ values }) => {
    ends = values;
  });
  return { found, ends };
}

test('task affinity: a trial step of SGD on one task changes the others by the inner product of gradients', async () => {
  const { found } = await affinities(sgd({ learningRate: 0.1 }));
  // Z_ij = η G_ij / L_j with G = [[18, -22], [-22, 38]].
  expectClose(found[0]?.flat(), [(0.1 * 18) / 2, (0.1 * -22) / 3, (0.1 * -22) / 2, (0.1 * 38) / 3]);
});

test("task affinity: trial steps use the optimizer's moments and leave them, counts and parameters alone", async () => {
  const { found, ends } = await affinities(adam({ learningRate: 0.1 }));
  // Adam's first step is the learning rate against the sign of the gradient.
  expectClose(found[0]?.flat(), [(0.1 * 6) / 2, (0.1 * -4) / 3, (0.1 * -2) / 2, (0.1 * 8) / 3], 1e-4);
  await trained(
    { ...problem, optimizer: adam({ learningRate: 0.1 }) },
    data,
    { epochs: 2, batchSize: 2 },
    ({ values }) => {
      expect(values).toEqual(ends);
    },
  );
});

test('task affinity resumes', async () => {
  const options = () => ({ tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: affinityProbe(() => {}) });
  await expectResumes(options, toyTable(['a', 'b'], 16), { epochs: 2, batchSize: 4 }, 3);
});

import { mlp, sgd } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { pcgrad } from './methods/pcgrad.js';
import { traceNorm } from './methods/trace-norm.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const tasks = toyTasks('a', 'b');
const sharing = tinySharing(mlp([6]));
const paths = tasks.map(({ name }) => `heads/${name}/outputs/value/kernel`);
const train = toyTable(['a', 'b'], 48);

/** Sum of the singular values of two columns. */
function nuclearNorm(a: readonly number[], b: readonly number[]): number {
  const inner = (p: readonly number[], q: readonly number[]) =>
    p.reduce((sum, value, i) => sum + value * (q[i] as number), 0);
  const [aa, ab, bb] = [inner(a, a), inner(a, b), inner(b, b)];
  // (σ₁ + σ₂)² = σ₁² + σ₂² + 2 σ₁σ₂ = tr + 2 √det.
  return Math.sqrt(aa + bb + 2 * Math.sqrt(aa * bb - ab * ab));
}

test('trace norm: value and gradient are those of the sum of singular values', async () => {
  const fit = { epochs: 1, batchSize: 48, shuffle: false };
  const run = async (weight: number, learningRate: number) => {
    let found: Record<string, number[]> = {};
    let term = Number.NaN;
    const options = { tasks, sharing, auxiliary: [traceNorm(paths, { weight })], optimizer: sgd({ learningRate }) };
    await trained(options, train, fit, ({ values, events }) => {
      found = values;
      term = events[0]?.terms['trace-norm'] ?? Number.NaN;
    });
    return { found, term };
  };
  const start = await run(0, 1e-30);
  const [a, b] = paths.map((path) => start.found[path] ?? []) as [number[], number[]];
  expectClose([start.term], [nuclearNorm(a, b) / 2]); // ½ tr(W A Wᵀ) is half the norm
  const without = (await run(0, 0.1)).found;
  const within = (await run(2, 0.1)).found;
  const h = 1e-4;
  const shifted = (column: readonly number[], i: number, by: number) => column.map((v, j) => (i === j ? v + by : v));
  const slopes = [
    a.map((_, i) => (nuclearNorm(shifted(a, i, h), b) - nuclearNorm(shifted(a, i, -h), b)) / (2 * h)),
    b.map((_, i) => (nuclearNorm(a, shifted(b, i, h)) - nuclearNorm(a, shifted(b, i, -h))) / (2 * h)),
  ];
  paths.forEach((path, k) => {
    const difference = (without[path] ?? []).map(
      (value, i) => (value - ((within[path] as number[])[i] as number)) / (0.1 * 2),
    );
    expectClose(difference, slopes[k] ?? [], 1e-4);
  });
  expect(within['trunk/dense0/kernel']).toEqual(without['trunk/dense0/kernel']);
});

test('trace norm: the host phase comes every fifth step, the first included, and once per step', async () => {
  let count = 0;
  const auxiliary = [traceNorm(paths, { onPrepare: () => void count++ })];
  for (const balancing of [undefined, pcgrad()]) {
    count = 0;
    const options = { tasks, sharing, auxiliary, balancing };
    await trained(options, train, { epochs: 1, batchSize: 4 }, ({ trainer }) => {
      expect(count).toBe(3); // 12 steps: 0, 5 and 10
      expect(trainer.history?.auxiliary['trace-norm']?.length).toBe(1);
    });
  }
});

test('trace norm: two of them are told apart', async () => {
  const options = { tasks, sharing, auxiliary: [traceNorm(paths), traceNorm([...paths].reverse())] };
  await trained(options, train, { epochs: 1, batchSize: 48 }, ({ trainer, events }) => {
    expect(Object.keys(trainer.history?.auxiliary ?? {})).toEqual(['trace-norm', 'trace-norm-2']);
    expectClose([events[0]?.terms['trace-norm'] ?? 0], [events[0]?.terms['trace-norm-2'] ?? 1]);
  });
});

test('trace norm resumes between two host phases', async () => {
  const options = () => ({ tasks, sharing, auxiliary: [traceNorm(paths, { weight: 0.01 })] });
  await expectResumes(options, train, { epochs: 2, batchSize: 4 }, 8);
});

import {
  type AnyTask,
  adam,
  classification,
  type DeviceTensor,
  defineAuxiliary,
  defineSharing,
  type Encoder,
  hostTensor,
  mlp,
  type Program,
  regression,
  type SharingStrategy,
  type StepPrimitives,
  sgd,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { linearTask, rowsDataset, vectorSharing, withPrimitives } from '../helpers/vectors.js';
import { makeTable } from './fixtures.js';

let before: number;
beforeEach(async () => {
  await useBackend('cpu');
  before = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

/** Reads and writes device tensors by programs of the plan's own. */
const identity: Program = { name: 'identity', run: ({ x }) => ({ x: x as tf.Tensor }) };
const read = async (p: StepPrimitives, x: DeviceTensor) => {
  const { host } = await p.run(identity, { feeds: { x }, outputs: { x: 'read' } });
  return Array.from(host.x?.data ?? []);
};
const hold = async (p: StepPrimitives, values: readonly number[]) => {
  const { device } = await p.run(identity, { feeds: { x: hostTensor([...values]) }, outputs: { x: 'hold' } });
  return device.x as DeviceTensor;
};
const expectClose = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-5) => {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const size = 1 + Math.abs(wanted[i] as number);
    expect(Math.abs((found[i] as number) - (wanted[i] as number)) / size, `number ${i}`).toBeLessThan(tolerance);
  }
};
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

const train = makeTable(12, 'primitives', false);
const tasks: readonly AnyTask[] = [classification('kind', { classes: 3 }), regression('level', { standardize: false })];
/** Levels near 100 would drown everything else. */
const tamed: readonly AnyTask[] = [classification('kind', { classes: 3 }), regression('level')];

/** A term that all variables are in, those of the heads too. */
const penalty = defineAuxiliary({
  name: 'penalty',
  weight: 0.7,
  bind: ({ layout }) => ({
    loss: () => tf.addN(layout.segments.map(({ variable }) => tf.sum(tf.sin(variable)))) as tf.Scalar,
  }),
});

const smooth = (encoder: Encoder = mlp([4], { activation: 'tanh' })): SharingStrategy => tinySharing(encoder);

/** Σ w_k L_k + 0.7 Σ sin θ and its central differences, from nothing but `losses`, `clone` and `axpy`. */
async function differences(
  p: StepPrimitives,
  weights: readonly number[],
  indices: readonly number[],
): Promise<number[]> {
  const h = 1e-2;
  const found: number[] = [];
  for (const i of indices) {
    const sides: number[] = [];
    for (const sign of [1, -1]) {
      const there = await p.clone(p.parameters);
      const unit = Array.from({ length: p.layout.size }, (_, j) => (j === i ? 1 : 0));
      await p.axpy(there, sign * h, await hold(p, unit));
      const losses = await p.losses({ parameters: there });
      const theta = await read(p, there.values);
      sides.push(dot(Array.from(losses), weights) + 0.7 * theta.reduce((sum, value) => sum + Math.sin(value), 0));
    }
    found.push(((sides[0] as number) - (sides[1] as number)) / (2 * h));
  }
  return found;
}

describe('gradient', () => {
  it('is what finite differences of the losses and the auxiliary term say', async () => {
    await withPrimitives(
      { tasks: tamed, sharing: smooth(), auxiliary: [penalty] },
      { train, batchSize: 12 },
      async (p) => {
        const { gradient, losses, weights } = await p.gradient({ weights: [0.5, 2] });
        expect(Array.from(weights)).toEqual([0.5, 2]);
        expectClose(losses, await p.losses());
        const indices = Array.from({ length: p.layout.size }, (_, i) => i);
        expectClose(await read(p, gradient), await differences(p, [0.5, 2], indices), 2e-3);
      },
    );
  });

  it('may leave the auxiliary terms out, and the weights', async () => {
    await withPrimitives(
      { tasks: tamed, sharing: smooth(), auxiliary: [penalty] },
      { train, batchSize: 12 },
      async (p) => {
        const all = await read(p, (await p.gradient()).gradient);
        const bare = await read(p, (await p.gradient({ auxiliary: false })).gradient);
        const theta = await read(p, p.parameters.values);
        expectClose(
          all,
          bare.map((value, i) => value + 0.7 * Math.cos(theta[i] as number)),
        );
      },
    );
  });

  it('gives what belongs to one task its own gradient, raw, weighted, or times a number of its own', async () => {
    await withPrimitives({ tasks: tamed, sharing: smooth() }, { train, batchSize: 12 }, async (p) => {
      const { sharedSize, segments } = p.layout;
      const ones = await read(p, (await p.gradient()).gradient);
      const raw = await read(p, (await p.gradient({ weights: [0.5, 3], headGradients: 'raw' })).gradient);
      const weighted = await read(p, (await p.gradient({ weights: [0.5, 3] })).gradient);
      expectClose(raw.slice(0, sharedSize), weighted.slice(0, sharedSize));
      expectClose(raw.slice(sharedSize), ones.slice(sharedSize));
      for (const { offset, size, usedBy } of segments.slice(2)) {
        const factor = usedBy[0] === 'kind' ? 0.5 : 3;
        expectClose(
          weighted.slice(offset, offset + size),
          ones.slice(offset, offset + size).map((value) => factor * value),
        );
      }
      const numbers = { weights: [0.5, 3], headGradients: [2, -1] };
      const own = await read(p, (await p.gradient(numbers)).gradient);
      expectClose(own.slice(0, sharedSize), weighted.slice(0, sharedSize));
      for (const { offset, size, usedBy } of segments.slice(2)) {
        const factor = usedBy[0] === 'kind' ? 2 : -1;
        expectClose(
          own.slice(offset, offset + size),
          ones.slice(offset, offset + size).map((value) => factor * value),
        );
      }
      const scalarize = (losses: tf.Tensor1D) => tf.sum(tf.mul(losses, [0.5, 3]));
      const alike = await p.gradient({ scalarize, headGradients: [2, -1] });
      expectClose(await read(p, alike.gradient), own);
      await expect(p.gradient({ headGradients: [1] })).rejects.toThrow('`headGradients`');
    });
  });

  it('of a function of the losses is weighted by its derivative', async () => {
    await withPrimitives({ tasks: tamed, sharing: smooth() }, { train, batchSize: 12 }, async (p) => {
      const losses = Array.from(await p.losses());
      const scalarize = (all: tf.Tensor1D, _: tf.Tensor1D, { power }: { power?: tf.Tensor }) =>
        tf.sum(tf.pow(all, power as tf.Tensor)) as tf.Scalar;
      const found = await p.gradient({ scalarize: scalarize as never, feeds: { power: hostTensor(3) } });
      const weights = losses.map((loss) => 3 * loss ** 2);
      expectClose(found.weights, weights, 1e-5);
      expectClose(await read(p, found.gradient), await read(p, (await p.gradient({ weights })).gradient), 1e-5);
    });
  });

  it.each([
    ['gradient', (p: StepPrimitives) => p.gradient({ weights: [1] })],
    ['combine', async (p: StepPrimitives) => p.combine(await p.jacobian(), [1, 2, 3])],
  ])('of %s refuses weights of another number', async (_, run) => {
    await withPrimitives({ tasks: tamed, sharing: smooth() }, { train, batchSize: 12 }, async (p) => {
      await expect(run(p)).rejects.toThrow(/must have shape \[2\], but has shape \[\d\]\. Give one number per task/);
    });
  });
});

describe.each(['cpu', 'wasm'] as const)('the Jacobian on %s', (backend) => {
  beforeEach(() => useBackend(backend));
  const exact = backend === 'cpu';
  /** Bit for bit on the cpu backend. */
  const expectEqual = (found: readonly number[], wanted: readonly number[]) => {
    if (exact) expect(found).toEqual(wanted);
    else expectClose(found, wanted, 1e-6);
  };

  it("has each task's gradient as a row, and what is its own beside", async () => {
    await withPrimitives(
      { tasks: tamed, sharing: smooth(), auxiliary: [penalty] },
      { train, batchSize: 12 },
      async (p) => {
        const { shared, own, auxiliary, losses, active } = await p.jacobian();
        const { sharedSize, size } = p.layout;
        expect([shared.shape, own.shape, auxiliary.shape, active]).toEqual([
          [2, sharedSize],
          [1, size - sharedSize],
          [size],
          [0, 1],
        ]);
        expect(Array.from(losses)).toEqual(Array.from(await p.losses()));
        const rows = await read(p, shared);
        const beside = await read(p, own);
        for (const k of [0, 1]) {
          const weights = [k === 0 ? 1 : 0, k];
          const { gradient } = await p.gradient({ weights, auxiliary: false });
          const alone = await read(p, gradient);
          expectEqual(rows.slice(k * sharedSize, (k + 1) * sharedSize), alone.slice(0, sharedSize));
          for (const { offset, size: length, usedBy } of p.layout.segments) {
            if (usedBy.length !== 1 || usedBy[0] !== tamed[k]?.name) continue;
            expectEqual(
              beside.slice(offset - sharedSize, offset - sharedSize + length),
              alone.slice(offset, offset + length),
            );
          }
        }
        const theta = await read(p, p.parameters.values);
        expectClose(
          await read(p, auxiliary),
          theta.map((value) => 0.7 * Math.cos(value)),
          1e-6,
        );
      },
    );
  });

  it('combined with weights is the gradient of the weighted sum', async () => {
    await withPrimitives(
      { tasks: tamed, sharing: smooth(), auxiliary: [penalty] },
      { train, batchSize: 12 },
      async (p) => {
        const jacobian = await p.jacobian();
        for (const weights of [
          [1, 1],
          [0.3, 1.7],
          [-1, 2],
          [0, 0],
        ]) {
          for (const headGradients of ['raw', 'weighted', [3, -2]] as const) {
            const combined = await read(p, await p.combine(jacobian, weights, headGradients));
            const { gradient } = await p.gradient({ weights, headGradients });
            expectClose(combined, await read(p, gradient), 1e-5);
          }
        }
        expectClose(
          await read(p, await p.combine(jacobian, [1, 2])),
          await read(p, await p.combine(jacobian, [1, 2], 'raw')),
          1e-12,
        );
      },
    );
  });

  it('has a Gramian that is J Jᵀ, and one with another Jacobian', async () => {
    await withPrimitives({ tasks: tamed, sharing: smooth() }, { train, batchSize: 4 }, async (p) => {
      const a = await p.jacobian();
      const b = await p.jacobian({ batch: await p.anotherBatch() });
      const rowsOf = async (matrix: DeviceTensor) => {
        const flat = await read(p, matrix);
        return [0, 1].map((k) => flat.slice(k * p.layout.sharedSize, (k + 1) * p.layout.sharedSize));
      };
      const [rowsA, rowsB] = [await rowsOf(a.shared), await rowsOf(b.shared)];
      const product = (left: number[][], right: number[][]) =>
        left.flatMap((row) => right.map((other) => dot(row, other)));
      expectClose(await p.gramian(a), product(rowsA, rowsA));
      expectClose(await p.gramian(a, b), product(rowsA, rowsB));
      expect(Array.from(await p.gramian(a, b))).not.toEqual(Array.from(await p.gramian(a)));
    });
  });
});

describe('Gramians of blocks', () => {
  const deep = () => smooth(mlp([4, 3], { activation: 'tanh' }));
  /** J restricted to the segments of one layer. */
  async function gramianOnHost(p: StepPrimitives, inBlock: (layer: string) => boolean): Promise<number[]> {
    const { sharedSize, segments } = p.layout;
    const flat = await read(p, (await p.jacobian()).shared);
    const rows = [0, 1].map((k) =>
      segments
        .filter(({ layer, offset }) => offset < sharedSize && inBlock(layer))
        .flatMap(({ offset, size }) => flat.slice(k * sharedSize + offset, k * sharedSize + offset + size)),
    );
    return rows.flatMap((row) => rows.map((other) => dot(row, other)));
  }

  it('are those of the layers', async () => {
    await withPrimitives({ tasks: tamed, sharing: deep() }, { train, batchSize: 12 }, async (p) => {
      const { gramians, losses } = await p.gramianOf('layers');
      expect(Object.keys(gramians)).toEqual(['trunk/dense0', 'trunk/dense1']);
      for (const [layer, gramian] of Object.entries(gramians))
        expectClose(gramian, await gramianOnHost(p, (one) => one === layer));
      expect(Array.from(losses)).toEqual(Array.from(await p.losses()));
    });
  });

  it('are those of the last shared layer, and of everything', async () => {
    await withPrimitives({ tasks: tamed, sharing: deep() }, { train, batchSize: 12 }, async (p) => {
      const last = (await p.gramianOf('last-shared-layer')).gramians;
      expect(Object.keys(last)).toEqual(['trunk/dense1']);
      expectClose(last['trunk/dense1'] as Float64Array, await gramianOnHost(p, (layer) => layer === 'trunk/dense1'));
      const { shared } = (await p.gramianOf('shared')).gramians;
      expectClose(shared as Float64Array, await gramianOnHost(p, () => true));
    });
  });

  it('are those of the representation, not summed over the batch', async () => {
    // Linear tasks on the representation: the gradient of a row's loss is known, a third of it per row.
    const sharing = defineSharing({
      name: 'plain',
      bind({ tasks: all, scope }) {
        const variable = scope.variable('v', [2], () => Float32Array.of(1, 1));
        return {
          forward({ x }) {
            const shared = tf.mul(x as tf.Tensor, tf.expandDims(variable, 0));
            const outputs = Object.fromEntries(all.map(({ name }) => [name, { value: shared }]));
            return { outputs, features: {}, shared, intermediates: {} };
          },
        };
      },
    });
    const targets = {
      a: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      b: [
        [1, 0],
        [-1, 0],
        [1, 1],
      ],
    };
    const linear = [linearTask('a', 2), linearTask('b', 2)];
    await withPrimitives({ tasks: linear, sharing }, { train: rowsDataset(targets), batchSize: 3 }, async (p) => {
      const { representation } = (await p.gramianOf('representation')).gramians;
      const [a, b] = [targets.a.flat().map((g) => g / 3), targets.b.flat().map((g) => g / 3)] as [number[], number[]];
      expectClose(representation as Float64Array, [dot(a, a), dot(a, b), dot(b, a), dot(b, b)]);
    });
  });

  it('of a representation are refused where there is none', async () => {
    const linear = [linearTask('a', 2), linearTask('b', 2)];
    const sharing = vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } });
    const data = rowsDataset({ a: [[1, 1]], b: [[1, 1]] });
    const run = withPrimitives({ tasks: linear, sharing }, { train: data, batchSize: 1 }, async (p) => {
      await p.gramianOf('representation');
    });
    await expect(run).rejects.toMatchObject({ code: 'POLYTASK_NO_REPRESENTATION' });
  });

  it('have zero rows and columns for tasks that do not use a block, or are absent', async () => {
    const linear = [linearTask('a', 3), linearTask('b', 4), linearTask('c', 3)];
    const sharing = vectorSharing({
      all: { size: 2, usedBy: ['a', 'b', 'c'] },
      some: { size: 1, usedBy: ['a', 'b'] },
      own: { size: 1, usedBy: ['b'] },
      last: { size: 1, usedBy: ['c'] },
    });
    const data = rowsDataset({ a: [[1, 2, 3]], b: [[4, 5, 6, 7]], c: [null] });
    await withPrimitives({ tasks: linear, sharing }, { train: data, batchSize: 1 }, async (p) => {
      const { gramians, losses } = await p.gramianOf('layers');
      expectClose(gramians.all as Float64Array, [5, 14, 0, 14, 41, 0, 0, 0, 0]);
      expectClose(gramians.some as Float64Array, [9, 18, 0, 18, 36, 0, 0, 0, 0]);
      expect([p.active(), Array.from(losses, Number.isNaN)]).toEqual([
        [0, 1],
        [false, false, true],
      ]);
      const { own, shared } = await p.jacobian();
      expect(await read(p, own)).toEqual([7, 0]);
      expect(await read(p, shared)).toEqual([1, 2, 3, 4, 5, 6, 0, 0, 0]);
    });
  });
});

describe('objectives that are balanced like tasks', () => {
  const asTask = defineAuxiliary({
    name: 'extra',
    asTask: true,
    weight: 2,
    bind: ({ layout }) => ({
      loss: () => tf.addN(layout.segments.map(({ variable }) => tf.sum(variable))) as tf.Scalar,
    }),
  });

  it('have a row of their own, and count in every combination', async () => {
    const linear = [linearTask('a', 3), linearTask('b', 2)];
    const sharing = vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] }, own: { size: 1, usedBy: ['a'] } });
    const data = rowsDataset({ a: [[1, 2, 3]], b: [[4, 5]] });
    await withPrimitives({ tasks: linear, sharing, auxiliary: [asTask] }, { train: data, batchSize: 1 }, async (p) => {
      expect([p.objectives, p.active()]).toEqual([
        ['a', 'b', 'extra'],
        [0, 1, 2],
      ]);
      const jacobian = await p.jacobian();
      expect(await read(p, jacobian.shared)).toEqual([1, 2, 4, 5, 2, 2]);
      expect([jacobian.own.shape, await read(p, jacobian.own)]).toEqual([
        [2, 1],
        [3, 2],
      ]);
      expect(await read(p, await p.combine(jacobian, [1, 1, 1]))).toEqual([7, 9, 5]);
      expect(await read(p, await p.combine(jacobian, [10, 1, 3], 'weighted'))).toEqual([20, 31, 36]);
      expect(await read(p, await p.combine(jacobian, [10, 1, 3], [0.5, 1, 2]))).toEqual([20, 31, 5.5]);
      for (const headGradients of ['raw', 'weighted', [0.5, 1, 2]] as const) {
        const { gradient } = await p.gradient({ weights: [10, 1, 3], headGradients });
        expectClose(await read(p, gradient), await read(p, await p.combine(jacobian, [10, 1, 3], headGradients)));
      }
    });
  });
});

describe('scratch copies', () => {
  const linear = [linearTask('a', 2), linearTask('b', 2)];
  const sharing = vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } });
  const data = rowsDataset({ a: [[1, 2]], b: [[3, 4]] });

  it('move by axpy, and the model does not', async () => {
    await withPrimitives({ tasks: linear, sharing }, { train: data, batchSize: 1 }, async (p) => {
      const theta = await read(p, p.parameters.values);
      const copy = await p.clone(p.parameters);
      await p.axpy(copy, -0.5, await hold(p, [2, 4]));
      expectClose(await read(p, copy.values), [(theta[0] as number) - 1, (theta[1] as number) - 2]);
      expect(await read(p, p.parameters.values)).toEqual(theta);
      const [there, here] = [await p.losses({ parameters: copy }), await p.losses()];
      expectClose(there, [(here[0] as number) - 5, (here[1] as number) - 11]);
    });
  });

  it('take a trial step of the optimizer that leaves no trace', async () => {
    const optimizer = adam({ learningRate: 0.1 });
    await withPrimitives({ tasks: linear, sharing, optimizer }, { train: data, batchSize: 1, steps: 2 }, async (p) => {
      const theta = await read(p, p.parameters.values);
      const { gradient } = await p.gradient();
      const [trial, again] = [await p.clone(p.parameters), await p.clone(p.parameters)];
      await p.apply(gradient, { parameters: trial });
      await p.apply(gradient, { parameters: again });
      expect(await read(p, p.parameters.values)).toEqual(theta);
      expect(await read(p, again.values)).toEqual(await read(p, trial.values));
      // And the step itself is the one that was tried.
      await p.apply(gradient);
      expect(await read(p, p.parameters.values)).toEqual(await read(p, trial.values));
    });
  });

  it('are needed for axpy', async () => {
    await withPrimitives({ tasks: linear, sharing }, { train: data, batchSize: 1 }, async (p) => {
      const { gradient } = await p.gradient();
      for (const target of [p.parameters, p.parameters.values, { ...p.parameters }]) {
        await expect(p.axpy(target, 1, gradient)).rejects.toMatchObject({ code: 'POLYTASK_AXPY_ON_MODEL' });
      }
    });
  });

  it('of gradients are summed in place', async () => {
    await withPrimitives({ tasks: linear, sharing }, { train: data, batchSize: 1 }, async (p) => {
      const [a, b] = [await hold(p, [1, 2]), await hold(p, [10, 20])];
      await p.axpy(a, 2, b);
      expect([await read(p, a), await read(p, b)]).toEqual([
        [21, 42],
        [10, 20],
      ]);
      expect([await p.dot(b), await p.dot(a, b)]).toEqual([500, 1050]);
    });
  });
});

describe('apply', () => {
  it("moves shared parameters and those of the batch's tasks, or of the tasks that are named", async () => {
    const linear = [linearTask('a', 3), linearTask('b', 3)];
    const sharing = vectorSharing({
      v: { size: 2, usedBy: ['a', 'b'] },
      a: { size: 1, usedBy: ['a'] },
      b: { size: 1, usedBy: ['b'] },
    });
    const data = rowsDataset({ a: [[1, 2, 3]], b: [null] });
    const optimizer = sgd({ learningRate: 1 });
    await withPrimitives({ tasks: linear, sharing, optimizer }, { train: data, batchSize: 1 }, async (p) => {
      const theta = await read(p, p.parameters.values);
      const by = async () =>
        (await read(p, p.parameters.values)).map((value, i) => Math.round((theta[i] as number) - value));
      const gradient = await hold(p, [1, 1, 1, 1]);
      await p.apply(gradient);
      expect(await by()).toEqual([1, 1, 1, 0]);
      await p.apply(gradient, { active: [1] });
      expect(await by()).toEqual([2, 2, 1, 1]);
      await p.apply(gradient, { active: [] });
      expect(await by()).toEqual([2, 2, 1, 1]);
    });
  });
});

describe('statistics of BatchNorm', () => {
  const sharing = () => smooth(mlp([3], { batchNorm: true }));

  it('are moved once a step, by the first training pass over its own batch and parameters', async () => {
    const seen: number[][] = [];
    await withPrimitives({ tasks: tamed, sharing: sharing() }, { train, batchSize: 6 }, async (p) => {
      const note = async () => void seen.push(await read(p, p.parameters.state));
      await note();
      await p.losses();
      await p.gradient({ batch: await p.anotherBatch() });
      await p.jacobian({ parameters: await p.clone(p.parameters) });
      await note();
      await p.gramianOf('shared');
      await note();
      await p.gradient();
      await p.jacobian();
      await note();
    });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).not.toEqual(seen[1]);
    expect(seen[3]).toEqual(seen[2]);
  });
});

describe('device tensors', () => {
  const linear = [linearTask('a', 2), linearTask('b', 2)];
  const sharing = vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } });
  const data = rowsDataset({
    a: [
      [1, 2],
      [1, 2],
    ],
    b: [
      [3, 4],
      [3, 4],
    ],
  });

  it('are released when the step ends, except those that are stored', async () => {
    const handles: DeviceTensor[] = [];
    const counts: number[] = [];
    await withPrimitives({ tasks: linear, sharing }, { train: data, batchSize: 1, steps: 6 }, async (p, step) => {
      counts.push(tf.memory().numTensors);
      for (const handle of handles) await expect(read(p, handle)).rejects.toMatchObject({ code: 'POLYTASK_RELEASED' });
      const kept = p.stored('kept');
      if (step > 0) expect(await read(p, kept as DeviceTensor)).toEqual([step, step]);
      const { gradient } = await p.gradient();
      const copy = await p.clone(p.parameters);
      const { shared, own } = await p.jacobian();
      handles.splice(0, handles.length, gradient, copy.values, copy.state, shared, own);
      const next = await hold(p, [step + 1, step + 1]);
      p.store('kept', await hold(p, [0, 0]));
      p.store('kept', next);
      p.store('kept', next);
    });
    // One more from the second step on: what is stored.
    expect(new Set(counts.slice(1)).size).toBe(1);
  });

  it('may be given back before, but for what is stored', async () => {
    await withPrimitives({ tasks: linear, sharing }, { train: data, batchSize: 1 }, async (p) => {
      await p.gradient();
      const before = tf.memory().numTensors;
      const { gradient } = await p.gradient();
      expect(tf.memory().numTensors).toBeGreaterThan(before);
      p.release(gradient);
      p.release(gradient);
      expect(tf.memory().numTensors).toBe(before);
      await expect(read(p, gradient)).rejects.toMatchObject({ code: 'POLYTASK_RELEASED' });
      const kept = await hold(p, [1, 2]);
      p.store('kept', kept);
      p.release(kept);
      expect(await read(p, kept)).toEqual([1, 2]);
    });
  });

  it('of a step that throws are released too', async () => {
    const run = withPrimitives({ tasks: linear, sharing }, { train: data, batchSize: 1 }, async (p) => {
      await p.jacobian();
      await p.clone(p.parameters);
      throw new Error('boom');
    });
    await expect(run).rejects.toThrow('boom');
  });
});

it('tells the step, the layout and the objectives', async () => {
  const seen: unknown[] = [];
  await withPrimitives({ tasks, sharing: smooth() }, { train, batchSize: 6, steps: 3 }, async (p) => {
    seen.push(p.info);
    expect(p.objectives).toEqual(['kind', 'level']);
    expect(p.layout.tasks).toEqual(['kind', 'level']);
    expect(p.batch.size).toBe(6);
  });
  const length = { totalSteps: 2000, totalEpochs: 1000, stepsPerEpoch: 2 };
  expect(seen).toEqual([
    { step: 0, epoch: 0, ...length },
    { step: 1, epoch: 0, ...length },
    { step: 2, epoch: 1, ...length },
  ]);
});

describe('forward', () => {
  it('gives losses of rows, predictions and features by name, under any parameters, and moves nothing', async () => {
    const options = { tasks, sharing: smooth() };
    await withPrimitives(options, { train, batchSize: 6, steps: 1 }, async (p) => {
      const names = ['loss/kind', 'prediction/level', 'features/kind', 'shared', 'output/kind/logits'] as const;
      const found = await p.forward(names);
      const rows = await p.read(found['loss/kind']);
      const weights = p.batch.weights.kind as Float32Array;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const mean = Array.from(rows.data).reduce((sum, loss, row) => sum + (loss * (weights[row] as number)) / total, 0);
      expect(mean).toBeCloseTo((await p.losses())[0] as number, 5);
      expect((await p.read(found['features/kind'])).shape).toEqual((await p.read(found.shared)).shape);
      expect((await p.read(found['output/kind/logits'])).shape).toEqual([6, 3]);
      const scratch = await p.clone(p.parameters);
      await p.axpy(scratch, -1, (await p.gradient()).gradient);
      const moved = await p.forward(['loss/kind'], { parameters: scratch });
      expect((await p.read(moved['loss/kind'])).data).not.toEqual(rows.data);
      await expect(p.forward(['loss/kinds' as never])).rejects.toThrow(/`loss\/kinds`.*Did you mean `loss\/kind`/);
    });
  });
});

it('a gradient of the model as it predicts: a row by itself, its statistics and dropout as they are then', async () => {
  const sharing = smooth(mlp([4], { activation: 'tanh', batchNorm: true, dropout: 0.5 }));
  await withPrimitives({ tasks: tamed, sharing, auxiliary: [penalty] }, { train, batchSize: 12 }, async (p) => {
    const weights = [1, 1];
    const own = await p.gradient({ weights, training: false });
    const again = await p.gradient({ weights, training: false });
    const found = await read(p, own.gradient);
    expect(found).toEqual(await read(p, again.gradient));
    expect(found.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    // By central differences of the losses of single rows as predicted.
    const lossOf = async (parameters: typeof p.parameters) => {
      const names = ['loss/kind', 'loss/level'] as const;
      const rows = await p.forward(names, { parameters });
      const means = await Promise.all(names.map(async (name) => mean(await read(p, rows[name]))));
      return means.reduce((sum, one) => sum + one, 0);
    };
    for (const index of [0, 3, 7]) {
      const h = 1e-2;
      const unit = await hold(
        p,
        found.map((_, i) => (i === index ? 1 : 0)),
      );
      const at = async (shift: number) => {
        const moved = await p.clone(p.parameters);
        await p.axpy(moved, shift, unit);
        return lossOf(moved);
      };
      const slope = ((await at(h)) - (await at(-h))) / (2 * h);
      expect(found[index]).toBeCloseTo(slope, 2);
    }
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

import {
  type AnyTask,
  adagrad,
  adam,
  adamW,
  createTrainer,
  defineGradientBalancing,
  momentum,
  type Optimizer,
  type ParameterLayout,
  rmsProp,
  sgd,
  sumOfLosses,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyUpdate, perRow, updateNumbers } from '../../src/programs/update.js';
import { useBackend } from '../helpers/backends.js';
import { bits, linearTask, noise, readBits, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { essence } from '../training/fixtures.js';

const optimizers: Record<string, (options?: object) => Optimizer> = {
  sgd,
  momentum,
  nesterov: (options) => momentum({ ...options, nesterov: true }),
  adam,
  adamW: (options) => adamW({ ...options, decay: 0.1 }),
  rmsProp,
  adagrad,
};

/** Ranges of these sizes; every second one is task `a`'s, the others are task `b`'s, the last is a balancing variable. */
function layoutOf(sizes: readonly number[]): ParameterLayout {
  let offset = 0;
  const ranges = sizes.map((size, r) => {
    const last = r === sizes.length - 1;
    const range = {
      usedBy: last ? [] : [r % 2 === 0 ? 'a' : 'b'],
      group: last ? 'balancing' : 'model',
      learningRate: undefined,
      offset,
      size,
    };
    offset += size;
    return range;
  });
  return { ranges, size: offset } as unknown as ParameterLayout;
}

interface Numbers {
  readonly values: Float32Array;
  readonly slots: Record<string, Float32Array>;
}

const started = (optimizer: Optimizer, size: number): Numbers => ({
  values: Float32Array.from(noise(size, 'start')),
  slots: Object.fromEntries(optimizer.slots.map((slot) => [slot, new Float32Array(size)])),
});

/** One update of the flat vector by the update's own rules, or all ranges under `ranged` whether it is needed or not. */
function update(
  optimizer: Optimizer,
  layout: ParameterLayout,
  counts: readonly number[],
  moves: readonly boolean[],
  before: Numbers,
  gradient: readonly number[],
  ranged = false,
): Numbers & { counts: number[]; mode: string } {
  return tf.tidy(() => {
    const { feeds, mode, counts: after } = updateNumbers(optimizer, layout, counts, moves, 0);
    const n = layout.ranges.length;
    const spread = ([name, { data, shape }]: [
      string,
      { data: Float32Array | Int32Array; shape: readonly number[] },
    ]) => {
      const numbers = ranged && mode === 'uniform' ? new Float32Array(n).fill(data[0] as number) : data;
      return [name, tf.tensor(numbers, ranged ? [n] : [...shape])] as const;
    };
    const factors = Object.fromEntries(Object.entries(feeds).map(spread as never)) as Record<string, tf.Tensor>;
    if (ranged && mode === 'uniform') factors['factor/moves'] = tf.ones([n]);
    const slots = Object.fromEntries(
      Object.entries(before.slots).map(([name, slot]) => [`slot/${name}`, tf.tensor1d(slot)]),
    );
    const found = applyUpdate(
      optimizer,
      layout,
      ranged ? 'ranged' : mode,
      { ...factors, ...slots, values: tf.tensor1d(before.values) },
      tf.tensor1d([...gradient]),
    );
    const read = (name: string) => (found[name] as tf.Tensor).dataSync() as Float32Array;
    return {
      values: read('values'),
      slots: Object.fromEntries(optimizer.slots.map((slot) => [slot, read(`slot/${slot}`)])),
      counts: after,
      mode,
    };
  });
}

const allBits = ({ values, slots }: Numbers) => [bits(values), ...Object.values(slots).map(bits)];

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(Object.entries(optimizers))(
    '%s: one number for all ranges and one per range give the same bits',
    (_, make) => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 }),
          fc.integer(),
          fc.double({ min: 1e-4, max: 0.5, noNaN: true }),
          fc.constantFrom(undefined, 0.3),
          (sizes, seed, learningRate, clipNorm) => {
            const layout = layoutOf(sizes);
            // Balancing variables decay like the others here, so that one number does for all.
            const groups = make().decay > 0 ? { groups: { balancing: { decay: 0.1 } } } : {};
            const optimizer = make({ learningRate, ...groups, ...(clipNorm === undefined ? {} : { clipNorm }) });
            const moves = sizes.map(() => true);
            let uniform = { ...started(optimizer, layout.size), counts: sizes.map(() => 0), mode: '' };
            let ranged = uniform;
            for (let step = 0; step < 3; step++) {
              const gradient = noise(layout.size, seed + step);
              uniform = update(optimizer, layout, uniform.counts, moves, uniform, gradient);
              ranged = update(optimizer, layout, ranged.counts, moves, ranged, gradient, true);
              expect(uniform.mode).toBe('uniform');
              expect(allBits(ranged)).toEqual(allBits(uniform));
            }
          },
        ),
        { numRuns: 10 },
      );
    },
  );

  it.each(Object.entries(optimizers))(
    '%s: a range that stands still keeps values, moments and count, whatever its gradient',
    (_, make) => {
      const layout = layoutOf([2, 3, 2]);
      const optimizer = make({ learningRate: 0.1 });
      const first = update(optimizer, layout, [0, 0, 0], [true, true, true], started(optimizer, 7), noise(7, 1));
      const second = update(optimizer, layout, first.counts, [true, false, true], first, noise(7, 2));
      expect(second.counts).toEqual([2, 1, 2]);
      expect(second.mode).toBe('ranged');
      const part = (numbers: Numbers, from: number, to: number) =>
        allBits(numbers).map((all) => all.subarray(from, to));
      expect(part(second, 2, 5)).toEqual(part(first, 2, 5));
      for (const [now, before] of [
        [part(second, 0, 2), part(first, 0, 2)],
        [part(second, 5, 7), part(first, 5, 7)],
      ] as const) {
        now.forEach((values, i) => {
          values.forEach((value, j) => {
            expect(value).not.toBe(before[i]?.[j]);
          });
        });
      }
    },
  );
});

describe('numbers', () => {
  const layout = layoutOf([1, 1, 1]);

  it('count the updates of each range, for the bias correction of its own', () => {
    const { feeds, mode, counts } = updateNumbers(adam(), layout, [4, 1, 0], [true, true, false], 9);
    expect([mode, counts]).toEqual(['ranged', [5, 2, 0]]);
    const correction = Array.from(feeds['factor/correction']?.data ?? []);
    [5, 2, 1].forEach((t, r) => {
      const wanted = (Math.sqrt((1 - 0.999 ** t) / 0.001) * 0.1) / (1 - 0.9 ** t);
      expect(correction[r]).toBeCloseTo(wanted, 6);
    });
    expect(Array.from(feeds['factor/moves']?.data ?? [])).toEqual([1, 1, 0]);
  });

  it('are single where ranges differ in nothing that the optimizer looks at', () => {
    expect(updateNumbers(sgd(), layout, [4, 1, 0], [true, true, true], 0).mode).toBe('uniform');
    expect(updateNumbers(adam(), layout, [4, 4, 4], [true, true, true], 0).mode).toBe('uniform');
    expect(updateNumbers(adam(), layout, [4, 1, 4], [true, true, true], 0).mode).toBe('ranged');
    expect(updateNumbers(sgd(), layout, [0, 0, 0], [true, false, true], 0).mode).toBe('ranged');
    expect(
      updateNumbers(sgd({ groups: { balancing: { learningRate: 1 } } }), layout, [0, 0, 0], [true, true, true], 0).mode,
    ).toBe('ranged');
    // Balancing variables do not decay.
    expect(updateNumbers(adamW(), layout, [0, 0, 0], [true, true, true], 0).mode).toBe('ranged');
  });

  it('have the learning rate of the group, else of the variable, else of the optimizer, all scheduled', () => {
    const ranges = [
      { group: 'slow', learningRate: 5 },
      { group: 'model', learningRate: 3 },
      { group: 'model', learningRate: undefined },
    ];
    const optimizer = sgd({ learningRate: 1, groups: { slow: { learningRate: 2 } }, schedule: (step) => step / 2 });
    const { feeds } = updateNumbers(optimizer, { ranges } as never, [0, 0, 0], [true, true, true], 3);
    expect(Array.from(feeds['factor/learningRate']?.data ?? [])).toEqual([3, 4.5, 1.5]);
  });

  it('of ranges are repeated for every parameter', () => {
    tf.tidy(() => {
      const spread = perRow(tf.tensor1d([1, 2, 3]), [{ size: 2 }, { size: 1 }, { size: 3 }] as never);
      expect(Array.from(spread.dataSync())).toEqual([1, 1, 2, 3, 3, 3]);
    });
  });
});

describe('a task that is absent from a batch', () => {
  beforeAll(() => useBackend('cpu'));
  const tasks: readonly AnyTask[] = [linearTask('a', 5), linearTask('b', 5), linearTask('c', 5)];
  const sharing = vectorSharing({
    trunk: { size: 2, usedBy: ['a', 'b', 'c'] },
    branch: { size: 1, usedBy: ['a', 'b'] },
    'own-of-c-and-b': { size: 1, usedBy: ['b', 'c'] },
    a: { size: 2, usedBy: ['a'] },
    b: { size: 1, usedBy: ['b'] },
    c: { size: 2, usedBy: ['c'] },
  });
  const row = (i: number) => noise(5, i);
  const even = defineGradientBalancing({
    name: 'even',
    bind: () => ({ weights: ({ tasks: present }) => present.map(() => 1) }),
  });
  const summing = defineGradientBalancing({
    name: 'summing',
    bind: () => ({ aggregate: ({ jacobian }) => ({ direction: tf.sum(jacobian, 0) }) }),
  });

  it.each([
    ['a loss weighting', sumOfLosses()],
    ['gradient balancing by weights', even],
    ['gradient balancing by aggregation', summing],
  ])('keeps what is its own bit for bit under %s, and its Adam counts', async (_, balancing) => {
    const trainer = await createTrainer({ tasks, sharing, balancing, optimizer: adam({ learningRate: 0.1 }), seed: 1 });
    const data = rowsDataset({ a: [row(0), row(1), null], b: [row(2), null, null], c: [row(3), row(4), row(5)] });
    const stages: { bits: Record<string, Uint32Array>; tensors: Record<string, Float32Array>; counts: number[] }[] = [];
    const abort = { stepEnd: async () => stages.push(await look()) } as unknown as { stepEnd(): void };
    const look = async () => {
      const { tensors, state } = await essence(trainer);
      const moments = ['slot/first', 'slot/second'].map((name) => [name, tensors[name]?.data]);
      return { bits: await readBits(trainer), tensors: Object.fromEntries(moments), counts: state.counts as number[] };
    };
    await trainer.fit(data, { epochs: 1, batchSize: 1, shuffle: false, callbacks: [abort] });
    const { ranges, segments } = trainer.parameters?.layout ?? { ranges: [], segments: [] };
    trainer.dispose();
    expect(stages).toHaveLength(3);
    [['a', 'b', 'c'], ['a', 'c'], ['c']].forEach((present, step) => {
      const [now, before] = [stages[step], stages[step - 1]];
      ranges.forEach(({ usedBy, offset, size }, r) => {
        const moves = usedBy.some((task) => present.includes(task));
        if (before === undefined) return;
        expect((now?.counts[r] as number) - (before.counts[r] as number), `${usedBy} at step ${step}`).toBe(
          moves ? 1 : 0,
        );
        for (const slot of ['slot/first', 'slot/second']) {
          const part = (stage: typeof now) => stage?.tensors[slot]?.subarray(offset, offset + size);
          if (moves) expect(part(now)).not.toEqual(part(before));
          else expect(part(now)).toEqual(part(before));
        }
      });
      for (const { path, usedBy } of segments) {
        if (before === undefined) continue;
        if (usedBy.some((task) => present.includes(task))) expect(now?.bits[path], path).not.toEqual(before.bits[path]);
        else expect(now?.bits[path], path).toEqual(before.bits[path]);
      }
    });
  });

  it('moves by the formula of Adam with the counts of its own', async () => {
    // b has gradients at steps 0 and 2 only: its second update must be corrected as a second one.
    const gradients = {
      a: [
        [1, 2],
        [0.5, 1],
        [3, -1],
      ],
      b: [[2, -1], null, [1, 1]],
    };
    const trainer = await createTrainer({
      tasks: [linearTask('a', 2), linearTask('b', 2)],
      sharing: vectorSharing({ a: { size: 2, usedBy: ['a'] }, b: { size: 2, usedBy: ['b'] } }),
      optimizer: adam({ learningRate: 0.1 }),
      inputs: { x: { shape: [1], dtype: 'float32' } },
    });
    const start = Array.from((await trainer.parameters?.read('b/vector'))?.data ?? []);
    await trainer.fit(rowsDataset(gradients), { epochs: 1, batchSize: 1, shuffle: false });
    const end = Array.from((await trainer.parameters?.read('b/vector'))?.data ?? []);
    trainer.dispose();
    start.forEach((value, i) => {
      let [m, v] = [0, 0];
      [gradients.b[0] as number[], gradients.b[2] as number[]].forEach((gradient, n) => {
        const g = gradient[i] as number;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        value -= (0.1 * (m / (1 - 0.9 ** (n + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (n + 1))) + 1e-8);
      });
      expect(end[i]).toBeCloseTo(value, 5);
    });
  });
});

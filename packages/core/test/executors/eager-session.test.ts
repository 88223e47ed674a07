import {
  type DeviceTensor,
  eager,
  type HostTensor,
  type NamedTensors,
  type ParameterLayout,
  type ParameterSet,
  type Program,
  type Segment,
} from '@polytask/core';
import type { ExecutorSession, ProgramCall } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';

const shapes = { 'trunk/kernel': [2, 3], 'trunk/bias': [3], 'head/scale': [] } as const;
const stateShapes = { 'norm/mean': [2], 'norm/variance': [2] } as const;

function makeSegments(all: Readonly<Record<string, readonly number[]>>, trainable: boolean): Segment[] {
  let offset = 0;
  return Object.entries(all).map(([path, shape]) => {
    const variable = tf.tidy(() => tf.variable(tf.zeros([...shape]), trainable));
    const segment = { path, layer: '', group: 'model', shape, offset, size: variable.size, usedBy: ['a'], variable };
    offset += variable.size;
    return segment;
  });
}

function makeLayout(): ParameterLayout {
  const segments = makeSegments(shapes, true);
  const stateSegments = makeSegments(stateShapes, false);
  const ranges = [{ usedBy: ['a'], group: 'model', offset: 0, size: 10 }];
  return { tasks: ['a'], segments, stateSegments, size: 10, stateSize: 4, sharedSize: 10, ranges };
}

const host = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor => ({
  data: Float32Array.from(values),
  shape,
});
const count = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);
const program = (run: (feeds: NamedTensors) => NamedTensors, name = 'test'): Program => ({ name, run });

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  let before: number;
  let layout: ParameterLayout;
  let session: ExecutorSession;
  let parameters: ParameterSet;
  const [kernel, bias, scale] = [0, 1, 2].map((i) => () => layout.segments[i]?.variable as tf.Variable) as [
    () => tf.Variable,
    () => tf.Variable,
    () => tf.Variable,
  ];
  const mean = () => layout.stateSegments[0]?.variable as tf.Variable;
  const numbers = async (tensor: DeviceTensor) => Array.from((await session.download(tensor)).data);
  const parameterSet = (values: readonly number[], state: readonly number[]): ParameterSet => ({
    values: session.upload(host(values)),
    state: session.upload(host(state)),
  });
  /** What the variables hold while a program runs. */
  const seen = program(() => ({ kernel: kernel(), bias: bias(), scale: scale(), mean: mean() }), 'seen');
  const readSeen = async (call: Partial<ProgramCall>) => {
    const outputs = { kernel: 'read', bias: 'read', scale: 'read', mean: 'read' } as const;
    const found = (await session.run(seen, { parameters, feeds: {}, outputs, ...call })).host;
    return ['kernel', 'bias', 'scale', 'mean'].map((name) => Array.from(found[name]?.data as Float32Array));
  };

  beforeEach(async () => {
    await useBackend(backend);
    before = tf.memory().numTensors;
    layout = makeLayout();
    session = await eager().open(layout);
    parameters = parameterSet(count(10), [50, 51, 60, 61]);
  });
  afterEach(() => {
    session.dispose();
    tf.dispose([...layout.segments, ...layout.stateSegments].map((segment) => segment.variable));
    expect(tf.memory().numTensors).toBe(before);
  });

  describe('variables', () => {
    it('hold the parameter set that the program runs with', async () => {
      expect(await readSeen({})).toEqual([[0, 1, 2, 3, 4, 5], [6, 7, 8], [9], [50, 51]]);
      const other = parameterSet(count(10, 100), [1, 2, 3, 4]);
      expect(await readSeen({ parameters: other })).toEqual([
        [100, 101, 102, 103, 104, 105],
        [106, 107, 108],
        [109],
        [1, 2],
      ]);
      expect(await readSeen({})).toEqual([[0, 1, 2, 3, 4, 5], [6, 7, 8], [9], [50, 51]]);
    });

    it('keep their shapes', async () => {
      await readSeen({});
      expect(layout.segments.map(({ variable }) => variable.shape)).toEqual([[2, 3], [3], []]);
    });

    it('follow what is written, what a program overwrites, and sync', async () => {
      await readSeen({});
      session.write(parameters.values, host(count(10, 20)));
      expect((await readSeen({}))[1]).toEqual([26, 27, 28]);
      const double = program(({ values }) => ({ values: tf.mul(values as tf.Tensor, 2) }));
      await session.run(double, { feeds: { values: parameters.values }, outputs: { values: parameters.values } });
      expect((await readSeen({}))[1]).toEqual([52, 54, 56]);
      session.write(parameters.values, host(count(10, -5)));
      expect(Array.from(bias().dataSync())).toEqual([52, 54, 56]);
      await session.sync(parameters);
      expect(Array.from(bias().dataSync())).toEqual([1, 2, 3]);
    });

    it('are not touched by programs on scratch copies', async () => {
      const copy = program(({ value }) => ({ copy: tf.clone(value as tf.Tensor) }));
      const { device } = await session.run(copy, { feeds: { value: parameters.values }, outputs: { copy: 'hold' } });
      const scratch = device.copy as DeviceTensor;
      const add = program(({ value }) => ({ value: tf.add(value as tf.Tensor, 1000) }));
      await session.run(add, { feeds: { value: scratch }, outputs: { value: scratch } });
      expect(await numbers(scratch)).toEqual(count(10, 1000));
      expect(await numbers(parameters.values)).toEqual(count(10));
      expect((await readSeen({ parameters: { ...parameters, values: scratch } }))[2]).toEqual([1009]);
      expect((await readSeen({}))[2]).toEqual([9]);
      session.release(scratch);
      expect((await readSeen({}))[2]).toEqual([9]);
    });

    it('are found by the gradient', async () => {
      const slope = program(() => {
        const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(bias())) as tf.Scalar, [bias()]);
        return { value, slope: grads[bias().name] as tf.Tensor };
      });
      const found = await session.run(slope, { parameters, feeds: {}, outputs: { slope: 'read' } });
      expect(Array.from(found.host.slope?.data ?? [])).toEqual([12, 14, 16]);
    });
  });

  describe('statistics', () => {
    const move = program(({ by }) => {
      mean().assign(tf.add(mean(), by as tf.Tensor));
      return { done: tf.scalar(1) };
    });
    const call = (keepState?: boolean): ProgramCall => ({
      parameters,
      feeds: { by: host([1, 10]) },
      outputs: {},
      ...(keepState === undefined ? {} : { keepState }),
    });

    it('that a program assigns are kept in the parameter set', async () => {
      await session.run(move, call());
      await session.run(move, call(true));
      expect(await numbers(parameters.state)).toEqual([52, 71, 60, 61]);
      expect((await readSeen({}))[3]).toEqual([52, 71]);
    });

    it('are put back where keepState is false', async () => {
      await session.run(move, call(false));
      expect(Array.from(mean().dataSync())).toEqual([50, 51]);
      expect(await numbers(parameters.state)).toEqual([50, 51, 60, 61]);
      await session.run(move, call());
      expect(await numbers(parameters.state)).toEqual([51, 61, 60, 61]);
    });

    it('belong to the set that the program ran with', async () => {
      const other = parameterSet(count(10), [0, 0, 0, 0]);
      await session.run(move, { ...call(), parameters: other });
      expect(await numbers(other.state)).toEqual([1, 10, 0, 0]);
      expect(await numbers(parameters.state)).toEqual([50, 51, 60, 61]);
      expect((await readSeen({}))[3]).toEqual([50, 51]);
    });

    it('are put back where the program throws', async () => {
      const throws = program((feeds) => {
        move.run(feeds, undefined as never);
        throw new Error('boom');
      });
      await expect(session.run(throws, call())).rejects.toThrow('boom');
      expect((await readSeen({}))[3]).toEqual([50, 51]);
    });
  });

  describe('a program that assigns a trainable variable', () => {
    const assign = (then: () => NamedTensors) =>
      program(() => {
        bias().assign(tf.tensor1d([-1, -1, -1]));
        return then();
      }, 'assigner');

    it('is refused, and the variable put back', async () => {
      const run = session.run(
        assign(() => ({ x: tf.scalar(1) })),
        { parameters, feeds: {}, outputs: { x: 'hold' } },
      );
      await expect(run).rejects.toThrow(/`assigner` assigned the trainable variable `trunk\/bias`/);
      await expect(run).rejects.toMatchObject({ code: 'POLYTASK_ASSIGNED_TRAINABLE' });
      expect((await readSeen({}))[1]).toEqual([6, 7, 8]);
    });

    it('is put back too where the program then throws', async () => {
      await readSeen({});
      const boom = assign(() => {
        throw new Error('boom');
      });
      await expect(session.run(boom, { parameters, feeds: {}, outputs: {} })).rejects.toThrow('boom');
      expect((await readSeen({}))[1]).toEqual([6, 7, 8]);
    });
  });

  describe('outputs', () => {
    it('may be feeds, variables, or the same tensor twice; each is one of its own', async () => {
      const held = session.upload(host([7, 8]));
      const given = host([1, 2]);
      const twice = program((feeds) => {
        const sum = tf.add(feeds.held as tf.Tensor, 1);
        return { given: feeds.given as tf.Tensor, held: feeds.held as tf.Tensor, variable: bias(), one: sum, two: sum };
      });
      const { device } = await session.run(twice, {
        parameters,
        feeds: { held, given },
        outputs: { given: 'hold', held: 'hold', variable: 'hold', one: 'hold', two: 'hold' },
      });
      await readSeen({ parameters: parameterSet(new Array(10).fill(0), [0, 0, 0, 0]) });
      session.release(held);
      session.release(device.one as DeviceTensor);
      expect(await numbers(device.held as DeviceTensor)).toEqual([7, 8]);
      expect(await numbers(device.given as DeviceTensor)).toEqual([1, 2]);
      expect(await numbers(device.variable as DeviceTensor)).toEqual([6, 7, 8]);
      expect(await numbers(device.two as DeviceTensor)).toEqual([8, 9]);
    });

    it('overwrite device tensors, also those that were fed', async () => {
      const held = session.upload(host([1, 2]));
      const swap = program(({ a }) => ({ a: tf.reverse(a as tf.Tensor1D) }));
      const result = await session.run(swap, { feeds: { a: held }, outputs: { a: held } });
      expect(result).toEqual({ host: {}, device: {} });
      expect(await numbers(held)).toEqual([2, 1]);
    });

    it('that are read never change again', async () => {
      const held = session.upload(host([1, 2]));
      const pass = program(({ a }) => ({ a: a as tf.Tensor, b: a as tf.Tensor }));
      const { host: first } = await session.run(pass, { feeds: { a: held }, outputs: { a: 'read', b: 'read' } });
      first.a?.data.fill(99);
      expect(Array.from(first.b?.data ?? [])).toEqual([1, 2]);
      expect(await numbers(held)).toEqual([1, 2]);
      const found = await session.download(held);
      found.data.fill(99);
      expect(await numbers(held)).toEqual([1, 2]);
    });

    it('have shape and dtype', async () => {
      const both = program(() => ({ ids: tf.tensor2d([[1, 2]], [1, 2], 'int32'), x: tf.zeros([3]) }));
      const { host: read, device } = await session.run(both, { feeds: {}, outputs: { ids: 'read', x: 'hold' } });
      expect(read.ids).toEqual({ data: Int32Array.of(1, 2), shape: [1, 2] });
      expect(device.x).toMatchObject({ shape: [3], dtype: 'float32' });
      expect(session.upload({ data: Int32Array.of(4), shape: [1] }).dtype).toBe('int32');
    });

    it('that are not asked for are dropped', async () => {
      const numTensors = tf.memory().numTensors;
      await session.run(
        program(() => ({ a: tf.zeros([2]), b: tf.zeros([2]) })),
        { feeds: {}, outputs: {} },
      );
      expect(tf.memory().numTensors).toBe(numTensors);
    });
  });

  describe('device tensors', () => {
    it('are copies of the arrays they were made of', async () => {
      const value = host([1, 2]);
      const held = session.upload(value);
      value.data.fill(9);
      expect(await numbers(held)).toEqual([1, 2]);
      session.write(held, value);
      value.data.fill(5);
      expect(await numbers(held)).toEqual([9, 9]);
    });

    it('are refused once they are released, and by other sessions', async () => {
      const held = session.upload(host([1]));
      session.release(held);
      const identity = program(({ a }) => ({ a: a as tf.Tensor }));
      const released = { code: 'POLYTASK_RELEASED' };
      await expect(session.run(identity, { feeds: { a: held }, outputs: {} })).rejects.toMatchObject(released);
      await expect(session.download(held)).rejects.toMatchObject(released);
      expect(() => session.release(held)).toThrow(/before it is released/);
      expect(() => session.write(held, host([2]))).toThrow(/before it is released/);
      const stranger = await eager().open(layout);
      const foreign = stranger.upload(host([1]));
      await expect(session.download(foreign)).rejects.toMatchObject(released);
      stranger.dispose();
    });

    it('are refused as targets once they are released, before anything is overwritten', async () => {
      const [dead, alive] = [session.upload(host([1])), session.upload(host([2]))];
      session.release(dead);
      const both = program(() => ({ alive: tf.ones([1]), dead: tf.ones([1]) }));
      await expect(session.run(both, { feeds: {}, outputs: { alive, dead } })).rejects.toMatchObject({
        code: 'POLYTASK_RELEASED',
      });
      expect(await numbers(alive)).toEqual([2]);
    });

    it('keep their shape', async () => {
      const held = session.upload(host([1, 2]));
      expect(() => session.write(held, host([1, 2, 3]))).toThrow(/must have shape \[2\], but has shape \[3\]/);
      const wrong = program(() => ({ a: tf.zeros([3]) }), 'wrong');
      await expect(session.run(wrong, { feeds: {}, outputs: { a: held } })).rejects.toThrow(
        /Output `a` of program `wrong` must have shape \[2\], but has shape \[3\]/,
      );
      expect(await numbers(held)).toEqual([1, 2]);
    });
  });

  describe('a program that fails', () => {
    it('leaves no tensor', async () => {
      const numTensors = tf.memory().numTensors;
      const throws = program(({ x }) => {
        tf.square(x as tf.Tensor);
        throw new Error('boom');
      });
      await expect(
        session.run(throws, { parameters, feeds: { x: host([1, 2]) }, outputs: { y: 'hold' } }),
      ).rejects.toThrow('boom');
      expect(tf.memory().numTensors).toBe(numTensors);
    });

    it('leaves no tensor where an output is missing', async () => {
      const numTensors = tf.memory().numTensors;
      const one = program(() => ({ here: tf.zeros([4]) }), 'half');
      const run = session.run(one, { feeds: { x: host([1]) }, outputs: { here: 'hold', there: 'read' } });
      await expect(run).rejects.toThrow(/Program `half` gives no output `there`/);
      expect(tf.memory().numTensors).toBe(numTensors);
    });

    it('leaves no tensor where a feed is dead', async () => {
      const dead = session.upload(host([1]));
      session.release(dead);
      const numTensors = tf.memory().numTensors;
      const any = program(() => ({}));
      await expect(session.run(any, { feeds: { x: host([1]), dead }, outputs: {} })).rejects.toThrow(/released/);
      expect(tf.memory().numTensors).toBe(numTensors);
    });
  });

  describe('random numbers', () => {
    const draws: Program = {
      name: 'draws',
      run: (_, { uniform }) => ({ a: uniform('a', [2]), b: uniform('b', [1, 2]), again: uniform('a', [2]) }),
    };

    it('come from path, occurrence and length', async () => {
      const asked: unknown[] = [];
      const { host: found } = await session.run(draws, {
        feeds: {},
        outputs: { a: 'read', b: 'read', again: 'read' },
        uniform(...place) {
          asked.push(place);
          return new Float32Array(place[2]).fill(asked.length / 4);
        },
      });
      expect(asked).toEqual([
        ['a', 0, 2],
        ['b', 0, 2],
        ['a', 1, 2],
      ]);
      expect(found.b).toEqual({ data: Float32Array.of(0.5, 0.5), shape: [1, 2] });
      expect(Array.from(found.again?.data ?? [])).toEqual([0.75, 0.75]);
    });

    it('are refused where there are none', async () => {
      const run = session.run(draws, { feeds: {}, outputs: {} });
      await expect(run).rejects.toThrow(/Program `draws` asked for random numbers \(`a`\)/);
    });
  });

  it('runs nothing after dispose, which releases everything but the variables', async () => {
    const variables = layout.segments.length + layout.stateSegments.length;
    session.upload(host([1]));
    session.dispose();
    expect(tf.memory().numTensors).toBe(before + variables);
    await expect(session.run(seen, { feeds: {}, outputs: {} })).rejects.toMatchObject({ code: 'POLYTASK_RELEASED' });
  });
});

describe('what was fed', () => {
  it('may be written over by its owner, whatever was made of it', async () => {
    await tf.setBackend('cpu');
    const session = await eager().open(makeLayout());
    const x = host([1, 2, 3, 4]);
    const program: Program = {
      name: 'shows',
      run: (feeds) => ({ same: feeds.x as tf.Tensor, square: tf.reshape(feeds.x as tf.Tensor, [2, 2]) }),
    };
    const before = tf.memory().numTensors;
    const { host: read, device } = await session.run(program, {
      feeds: { x },
      outputs: { same: 'read', square: 'hold' },
    });
    x.data.fill(0);
    expect([...(read.same as HostTensor).data]).toEqual([1, 2, 3, 4]);
    expect([...(await session.download(device.square as DeviceTensor)).data]).toEqual([1, 2, 3, 4]);
    session.release(device.square as DeviceTensor);
    expect(tf.memory().numTensors).toBe(before);
    session.dispose();
  });
});

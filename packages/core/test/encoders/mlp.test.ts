import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { isPart } from '../../src/contracts/description.js';
import { buildEncoder } from '../../src/encoders/build-encoder.js';
import { denseStages, mlp } from '../../src/encoders/mlp.js';
import {
  difference,
  errorOf,
  evaluating,
  float,
  newScope,
  newStep,
  numbers,
  onBackend,
  outputAndGradients,
} from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('is an encoder that says of itself what it is', () => {
  const encoder = mlp([64, 32], { dropout: 0.1 });
  expect(isPart(encoder, 'encoder')).toBe(true);
  expect(encoder.name).toBe('mlp');
  expect(encoder.options).toEqual({
    units: [64, 32],
    activation: 'relu',
    dropout: 0.1,
    batchNorm: false,
    flatten: true,
  });
  expect(Object.isFrozen(encoder)).toBe(true);
  expect(encoder.stages({ x: float(8) }).map((stage) => stage.name)).toEqual(['dense0', 'dense1']);
});

it('flattens rows of any shape, and ends in the last width', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
  const widths = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 });
  fc.assert(
    fc.property(lengths, widths, fc.boolean(), fc.constantFrom(1, 7), (shape, units, batchNorm, rows) => {
      const { scope, dispose } = newScope();
      const built = buildEncoder(mlp(units, { batchNorm }), scope, { x: float(...shape) });
      const size = shape.reduce((product, length) => product * length, 1);
      expect(built.output).toEqual(float(units.at(-1) ?? size));
      tf.tidy(() => {
        expect(built.apply({ x: tf.zeros([rows, ...shape]) }, newStep(true)).shape).toEqual([
          rows,
          ...built.output.shape,
        ]);
      });
      dispose();
    }),
    { numRuns: 40 },
  );
});

it('keeps axes under flatten: false', () => {
  const { scope, dispose } = newScope();
  expect(buildEncoder(mlp([4], { flatten: false }), scope, { x: float(6, 3) }).output).toEqual(float(6, 4));
  expect(buildEncoder(mlp([], { flatten: false }), scope, { features: float(6, 3) }).output).toEqual(float(6, 3));
  dispose();
});

it('without layers has no variables and passes features on', () => {
  const { scope, registry } = newScope();
  const built = buildEncoder(mlp([]), scope, { features: float(5) });
  tf.tidy(() => {
    const x = tf.ones([2, 5]);
    expect(built.apply({ features: x }, evaluating)).toBe(x);
  });
  expect(registry).toEqual([]);
});

it('is dense, BatchNorm, activation, dropout, in this order', () => {
  const { scope, paths, variable, dispose } = newScope();
  const built = buildEncoder(mlp([2], { batchNorm: true, dropout: 0.5 }), scope, { x: float(2) });
  expect(paths()).toEqual([
    'dense0/kernel',
    'dense0/batchNorm/scale',
    'dense0/batchNorm/offset',
    'dense0/batchNorm/movingMean',
    'dense0/batchNorm/movingVariance',
  ]);
  tf.tidy(() => {
    variable('dense0/kernel').assign(
      tf.tensor2d([
        [1, 0],
        [0, 1],
      ]),
    );
    const step = {
      training: true,
      uniform(path: string) {
        expect(path).toBe('dense0/dropout');
        return tf.tensor2d([
          [0.9, 0.1],
          [0.9, 0.9],
        ]);
      },
    };
    // Normalised to ±1 (almost), rectified, the first kept value doubled.
    const y = built.apply(
      {
        x: tf.tensor2d([
          [3, 3],
          [1, 5],
        ]),
      },
      step,
    );
    expect(difference([...y.dataSync()], [2, 0, 0, 2])).toBeLessThan(2e-3);
  });
  dispose();
});

it('has the parameters that the formula counts', () => {
  const { scope, registry, dispose } = newScope();
  buildEncoder(mlp([7, 5]), scope, { x: float(3, 2) });
  expect(registry.reduce((sum, one) => sum + one.variable.size, 0)).toBe(6 * 7 + 7 + 7 * 5 + 5);
  dispose();
});

it('agrees between cpu and wasm in training, and leaks no tensor', async () => {
  const run = () =>
    outputAndGradients((scope) => {
      const built = buildEncoder(mlp([6, 4], { batchNorm: true, dropout: 0.2, activation: 'elu' }), scope, {
        x: float(3, 2),
      });
      return (step) => built.apply({ x: numbers([7, 3, 2]) }, step);
    });
  const cpu = await onBackend('cpu', run);
  const before = tf.memory().numTensors;
  run();
  expect(tf.memory().numTensors).toBe(before);
  const wasm = await onBackend('wasm', run);
  expect(difference(cpu.output, wasm.output)).toBeLessThan(1e-5);
  for (const [path, values] of Object.entries(cpu.gradients)) {
    expect(difference(values, wasm.gradients[path] as number[]), path).toBeLessThan(1e-5);
  }
});

it('says what is wrong', () => {
  expect(errorOf(() => mlp([8, 0])).message).toContain('`units[1]`');
  expect(errorOf(() => mlp(8 as never)).message).toContain('`units`');
  expect(errorOf(() => mlp([8], { dropout: 1 })).message).toContain('`dropout`');
  expect(errorOf(() => mlp([8], { activation: 'softmax' as never })).message).toContain('`activation`');
  const { code, message } = errorOf(() => mlp([8]).stages({ image: float(2), table: float(3) }));
  expect(code).toBe('POLYTASK_ENCODER_INPUT');
  expect(message).toContain('fusion');
});

it('offers its stages to other encoders', () => {
  expect(denseStages([3, 4]).map((stage) => stage.name)).toEqual(['dense0', 'dense1']);
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildEncoder } from '../../src/encoders/build-encoder.js';
import { convNet } from '../../src/encoders/conv-net.js';
import { fusion } from '../../src/encoders/fusion.js';
import { mlp } from '../../src/encoders/mlp.js';
import { tabular } from '../../src/encoders/tabular.js';
import { difference, errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('concatenates what each column makes of its input', () => {
  for (const rows of [1, 7]) {
    const { scope, paths, dispose } = newScope();
    const encoder = fusion({ image: convNet({ filters: [2], dense: [5] }), table: mlp([3]) }, { units: [4] });
    const specs = { image: float(6, 6), table: float(2) };
    expect(encoder.stages(specs).map((stage) => stage.name)).toEqual(['fuse', 'dense0']);
    const built = buildEncoder(encoder, scope, specs);
    expect(built.stages.map((stage) => stage.output.shape)).toEqual([[8], [4]]);
    expect(paths()).toContain('fuse/image/conv0/kernel');
    expect(paths()).toContain('fuse/table/dense0/kernel');
    tf.tidy(() => {
      const y = built.apply({ image: numbers([rows, 6, 6]), table: numbers([rows, 2]) }, evaluating);
      expect(y.shape).toEqual([rows, 4]);
    });
    dispose();
  }
});

it('sums, averages or concatenates', () => {
  const { scope, dispose } = newScope();
  tf.tidy(() => {
    const x = { a: tf.tensor2d([[1, 2]]), b: tf.tensor2d([[10, 20]]) };
    const given = (combine: 'concat' | 'sum' | 'mean') => {
      const built = buildEncoder(fusion({ a: mlp([]), b: mlp([]) }, { combine }), scope, { a: float(2), b: float(2) });
      const y = [...built.apply(x, evaluating).dataSync()];
      expect(built.output).toEqual(float(y.length));
      return y;
    };
    expect(given('concat')).toEqual([1, 2, 10, 20]);
    expect(given('sum')).toEqual([11, 22]);
    expect(difference(given('mean'), [5.5, 11])).toBeLessThan(1e-6);
  });
  dispose();
});

it('gives a column several inputs, and keeps axes that agree', () => {
  const { scope, dispose } = newScope();
  const encoder = fusion({
    words: mlp([4], { flatten: false }),
    tags: mlp([3], { flatten: false }),
  });
  expect(buildEncoder(encoder, scope, { words: float(9, 6), tags: float(9, 2) }).output).toEqual(float(9, 7));
  const nested = fusion({ row: { inputs: ['x', 'y'], encoder: tabular() }, z: mlp([]) });
  expect(buildEncoder(nested, scope, { x: float(2), y: float(), z: float() }).output).toEqual(float(4));
  dispose();
});

it('has gradients in every column, and leaks no tensor', () => {
  const { scope, registry, dispose } = newScope();
  const built = buildEncoder(fusion({ a: mlp([2]), b: mlp([2]) }, { combine: 'sum' }), scope, {
    a: float(2),
    b: float(3),
  });
  const variables = registry.map((one) => one.variable);
  const train = () =>
    tf.tidy(() => {
      const forward = () => tf.sum(built.apply({ a: tf.ones([2, 2]), b: tf.ones([2, 3]) }, evaluating)) as tf.Scalar;
      expect(Object.keys(tf.variableGrads(forward, variables).grads)).toHaveLength(4);
    });
  const before = tf.memory().numTensors;
  train();
  expect(tf.memory().numTensors).toBe(before);
  dispose();
});

it('says what is wrong', () => {
  const specs = { a: float(2), b: float(3) };
  const message = (...given: Parameters<typeof fusion>) =>
    errorOf(() => buildEncoder(fusion(...given), newScope().scope, specs)).message;
  expect(message({})).toContain('at least one encoder');
  expect(message({ a: 'mlp' as never })).toContain('`columns.a`');
  expect(message({ a: { inputs: [], encoder: mlp([1]) } })).toContain('`columns.a.inputs`');
  expect(message({ a: mlp([1]) }, { combine: 'max' as never })).toContain('`combine`');
  expect(message({ a: mlp([1]), bb: mlp([1]) })).toContain('Did you mean `b`');
  expect(message({ a: mlp([1]) })).toMatch(/no column takes: `b`/);
  expect(message({ a: mlp([2]), b: mlp([3]) }, { combine: 'sum' })).toMatch(/`a` \[2\], `b` \[3\]/);
  const flat = errorOf(() =>
    buildEncoder(fusion({ x: mlp([2], { flatten: false }), y: mlp([2]) }), newScope().scope, {
      x: float(4, 2),
      y: float(2),
    }),
  );
  expect(flat.code).toBe('POLYTASK_FUSION_SHAPES');
});

import { fusion, mlp, tabular } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildColumns, type ColumnStage } from '../../src/sharing-kit/columns.js';
import { errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const names = ['a', 'b'];
const inputs = { x: float(3) };
const columns = (encoder = mlp([4, 2], { activation: 'tanh' })) => names.map((name) => ({ name, encoder, inputs }));

it('builds an encoder for each column, used by whom it says', () => {
  const { scope, registry, dispose } = newScope(1, names);
  const own = columns().map((column) => ({ ...column, usedBy: [column.name] }));
  const built = buildColumns(scope.child('columns'), [...own, { name: 'all', encoder: mlp([5]), inputs }]);
  expect(
    registry.filter(({ path }) => path.endsWith('kernel')).map(({ path, usedBy }) => [path, usedBy.join()]),
  ).toEqual([
    ['columns/a/dense0/kernel', 'a'],
    ['columns/a/dense1/kernel', 'a'],
    ['columns/b/dense0/kernel', 'b'],
    ['columns/b/dense1/kernel', 'b'],
    ['columns/all/dense0/kernel', 'a,b'],
  ]);
  expect(built.outputs).toEqual({ a: float(2), b: float(2), all: float(5) });
  expect(built.scopes.b?.variables().map(({ name }) => name)).toContain('dense1/bias');
  dispose();
});

it('goes through each column as through its encoder alone, of the inputs that it reads', () => {
  const { scope, variable, dispose } = newScope(1, names);
  const [first] = columns(mlp([4]));
  const built = buildColumns(scope, [
    { ...first, name: 'a', encoder: mlp([4]), inputs: { x: float(3) } },
    { name: 'b', encoder: fusion({ x: mlp([2]), z: mlp([2]) }), inputs: { x: float(3), z: float(2) } },
  ]);
  tf.tidy(() => {
    const [x, z] = [numbers([5, 3]), numbers([5, 2], 1)];
    const found = built.apply({ x, z }, evaluating);
    const kernel = variable('a/dense0/kernel') as tf.Tensor2D;
    expect(found.a?.dataSync()).toEqual(tf.relu(tf.matMul(x as tf.Tensor2D, kernel)).dataSync());
    expect(found.b?.shape).toEqual([5, ...(built.outputs.b?.shape ?? [])]);
  });
  dispose();
});

it('mixes after every stage, as by hand', () => {
  const { scope, variable, dispose } = newScope(1, names);
  const seen: ColumnStage[] = [];
  const built = buildColumns(scope, columns(), (stage) => {
    seen.push(stage);
    if (stage.last) return undefined;
    return ([a, b], _, { part }) => {
      const given = part as tf.Tensor;
      return [tf.add(a as tf.Tensor, tf.mul(b as tf.Tensor, given)), b as tf.Tensor];
    };
  });
  expect(seen).toEqual([
    { name: 'dense0', index: 0, last: false, outputs: [float(4), float(4)] },
    { name: 'dense1', index: 1, last: true, outputs: [float(2), float(2)] },
  ]);
  tf.tidy(() => {
    const x = numbers([5, 3]) as tf.Tensor2D;
    const stage = (input: tf.Tensor, column: string, at: number) =>
      tf.tanh(tf.matMul(input as tf.Tensor2D, variable(`${column}/dense${at}/kernel`) as tf.Tensor2D));
    const [a, b] = [stage(x, 'a', 0), stage(x, 'b', 0)];
    const found = built.apply({ x }, evaluating, { part: tf.scalar(0.5) });
    expect(found.a?.dataSync()).toEqual(stage(tf.add(a, tf.mul(b, 0.5)), 'a', 1).dataSync());
    expect(found.b?.dataSync()).toEqual(stage(b, 'b', 1).dataSync());
  });
  dispose();
});

it('hands what a stage gives by name to later stages of the same column, unmixed', () => {
  const { scope, variable, dispose } = newScope(1, names);
  const swap = ([a, b]: readonly tf.Tensor[]) => [b as tf.Tensor, a as tf.Tensor];
  const encoder = tabular({ numeric: ['x'], units: [4], wide: 2 });
  const own = names.map((name) => ({ name, encoder, inputs: { x: float(3) } }));
  const built = buildColumns(scope, own, ({ name }) => (name === 'dense0' ? swap : undefined));
  tf.tidy(() => {
    const x = numbers([5, 3]) as tf.Tensor2D;
    const found = built.apply({ x }, evaluating);
    const hidden = tf.relu(tf.matMul(x, variable('b/dense0/kernel') as tf.Tensor2D));
    expect(found.a?.dataSync()).toEqual(tf.concat([hidden, tf.mul(x, 2)], 1).dataSync());
  });
  dispose();
});

it('leaves no tensor behind', () => {
  const { scope, dispose } = newScope(1, names);
  const before = tf.memory().numTensors;
  const built = buildColumns(scope, columns(), () => (features) => [...features].reverse());
  const made = tf.memory().numTensors;
  tf.tidy(() => void built.apply({ x: tf.ones([2, 3]) }, evaluating));
  expect(tf.memory().numTensors).toBe(made);
  dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('says what cannot be mixed', () => {
  const { scope } = newScope(1, names);
  const uneven = [...columns().slice(1), { name: 'deep', encoder: mlp([4, 4, 2]), inputs }];
  const mixer = () => (features: readonly tf.Tensor[]) => features;
  expect(errorOf(() => buildColumns(scope.child('one'), uneven, mixer))).toMatchObject({
    code: 'POLYTASK_COLUMNS',
    message: expect.stringContaining('`b` has 2, `deep` has 3'),
  });
  expect(errorOf(() => buildColumns(scope.child('two'), uneven)).code).toBe('nothing thrown');
  const few = buildColumns(scope.child('three'), columns(), () => (features) => features.slice(1));
  tf.tidy(() => {
    expect(errorOf(() => few.apply({ x: tf.ones([2, 3]) }, evaluating)).message).toContain('2 columns');
  });
  const own = names.map((name) => ({ name, encoder: mlp([2]), inputs: { [name]: float(3) } }));
  const apart = buildColumns(scope.child('four'), own, mixer);
  tf.tidy(() => {
    const rows = { a: tf.ones([2, 3]), b: tf.ones([5, 3]) };
    expect(errorOf(() => apart.apply(rows, evaluating))).toMatchObject({
      code: 'POLYTASK_SHAPE_MISMATCH',
      message: expect.stringContaining('Mixed columns need the same rows'),
    });
  });
});

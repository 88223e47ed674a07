import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildEncoder } from '../../src/encoders/build-encoder.js';
import { layersModel } from '../../src/encoders/layers-model.js';
import { errorOf, evaluating, float, newScope, newStep, numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const { layers } = tf;

/** A small model with BatchNorm and a frozen layer. */
function make(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      layers.dense({ inputShape: [3], units: 4, activation: 'relu', trainable: false }),
      layers.batchNormalization({ momentum: 0.5 }),
      layers.dense({ units: 2 }),
    ],
  });
  return model;
}

function build(seed: number, given = layersModel(make)) {
  const context = newScope(seed);
  const built = buildEncoder(given, context.scope.child('trunk'), { x: float(3) });
  return { ...context, built, free: () => context.registry.map((one) => one.variable.dispose()) };
}

it('registers all weights by structure, trainable or not as the model says', () => {
  const first = build(1);
  const second = build(1);
  expect(first.registry.map(({ path, trainable }) => [path, trainable])).toEqual([
    ['trunk/model/0-Dense/kernel', false],
    ['trunk/model/0-Dense/bias', false],
    ['trunk/model/1-BatchNormalization/gamma', true],
    ['trunk/model/1-BatchNormalization/beta', true],
    ['trunk/model/1-BatchNormalization/moving_mean', false],
    ['trunk/model/1-BatchNormalization/moving_variance', false],
    ['trunk/model/2-Dense/kernel', true],
    ['trunk/model/2-Dense/bias', true],
  ]);
  // tfjs' own names differ from copy to copy.
  expect(second.paths()).toEqual(first.paths());
  expect(second.registry[0]?.variable.name).not.toBe(first.registry[0]?.variable.name);
  first.free();
  second.free();
});

it('starts the same from the same seed, differently from another, and gives Math.random back', () => {
  const random = Math.random;
  const weights = (seed: number) => {
    const { registry, free } = build(seed);
    const values = registry.flatMap((one) => [...one.variable.dataSync()]);
    free();
    return values;
  };
  expect(weights(1)).toEqual(weights(1));
  expect(weights(1)).not.toEqual(weights(2));
  const failing = layersModel(() => {
    throw new Error('broken factory');
  });
  expect(errorOf(() => build(1, failing)).message).toBe('The encoder `layers-model` failed in `build`: broken factory');
  expect(Math.random).toBe(random);
});

it('makes independent copies of a factory', () => {
  const { scope, registry } = newScope(1, ['a', 'b']);
  const encoder = layersModel(make);
  for (const task of ['a', 'b']) buildEncoder(encoder, scope.child(task, { usedBy: [task] }), { x: float(3) });
  const [a, b] = ['a', 'b'].map(
    (task) => registry.find((one) => one.path === `${task}/model/2-Dense/kernel`)?.variable,
  );
  expect(a).not.toBe(b);
  expect([...(a as tf.Variable).dataSync()]).not.toEqual([...(b as tf.Variable).dataSync()]);
  for (const { variable } of registry) variable.dispose();
});

it('gives what the model gives, for batches of 1 and 7', () => {
  const model = make();
  const { built } = build(1, layersModel(model));
  expect(built.output).toEqual(float(2));
  tf.tidy(() => {
    for (const rows of [1, 7]) {
      const x = numbers([rows, 3]);
      const y = built.apply({ x }, evaluating);
      expect(y.shape).toEqual([rows, 2]);
      expect(y.arraySync()).toEqual((model.predict(x) as tf.Tensor).arraySync());
    }
  });
  model.dispose();
});

it('has gradients, moves BatchNorm in training only, and leaks no tensor', () => {
  const { built, registry, variable, free } = build(1);
  const trainable = registry.filter((one) => one.trainable).map((one) => one.variable);
  const movingMean = variable('trunk/model/1-BatchNormalization/moving_mean');
  const mean = () => [...movingMean.dataSync()];
  const start = mean();
  const train = (training: boolean) =>
    tf.tidy(() => {
      const step = newStep(training);
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(built.apply({ x: numbers([5, 3]) }, step))), trainable);
      expect(Object.keys(grads)).toHaveLength(4);
    });
  train(false);
  expect(mean()).toEqual(start);
  const before = tf.memory().numTensors;
  train(true);
  expect(tf.memory().numTensors).toBe(before);
  expect(mean()).not.toEqual(start);
  free();
});

it('takes the output of a layer by name', () => {
  const model = tf.sequential({
    layers: [layers.dense({ inputShape: [3], units: 5, name: 'body' }), layers.dense({ units: 2 })],
  });
  const { built, paths } = build(1, layersModel(model, { output: 'body' }));
  expect(built.output).toEqual(float(5));
  expect(paths()).toEqual(['trunk/model/0-Dense/kernel', 'trunk/model/0-Dense/bias']);
  expect(errorOf(() => build(1, layersModel(model, { output: 'bodi' }))).message).toContain('Did you mean `body`');
  model.dispose();
});

it('matches several inputs by name, wherever they come', () => {
  const [a, b] = [tf.input({ name: 'left', shape: [2] }), tf.input({ name: 'right', shape: [2] })];
  const model = tf.model({ inputs: [a, b], outputs: layers.concatenate().apply([a, b]) as tf.SymbolicTensor });
  const { scope } = newScope();
  const built = buildEncoder(layersModel(model), scope, { right: float(2), left: float(2) });
  tf.tidy(() => {
    const y = built.apply({ right: tf.tensor2d([[3, 4]]), left: tf.tensor2d([[1, 2]]) }, evaluating);
    expect(y.arraySync()).toEqual([[1, 2, 3, 4]]);
  });
  const other = layersModel(model);
  expect(errorOf(() => buildEncoder(other, scope, { left: float(2), wrong: float(2) })).message).toMatch(
    /`left`, `right`/,
  );
  model.dispose();
});

it('tells apart weights of one layer that have the same role', () => {
  const layer = layers.bidirectional({
    inputShape: [4, 3],
    layer: layers.gru({ units: 2 }) as tf.RNN,
    mergeMode: 'concat',
  });
  const model = tf.sequential({ layers: [layer] });
  const { scope, paths } = newScope();
  expect(buildEncoder(layersModel(model), scope, { x: float(4, 3) }).output).toEqual(float(4));
  expect(new Set(paths()).size).toBe(6);
  expect(paths()[0]).toBe('model/0-Bidirectional/kernel');
  expect(paths()[3]).toBe('model/0-Bidirectional/kernel-1');
  model.dispose();
});

it('says what is wrong', () => {
  const model = make();
  const once = layersModel(model);
  build(1, once);
  expect(errorOf(() => build(1, once))).toMatchObject({ code: 'POLYTASK_MODEL_BUILT_TWICE' });
  model.dispose();
  expect(errorOf(() => build(1, layersModel(42 as never))).code).toBe('POLYTASK_INVALID_OPTION');
  expect(errorOf(() => build(1, layersModel((async () => make()) as never))).message).toContain('a promise');
  const wide = tf.sequential({ layers: [layers.dense({ inputShape: [9], units: 1 })] });
  expect(errorOf(() => build(1, layersModel(wide))).code).toBe('POLYTASK_SHAPE_MISMATCH');
  const any = tf.sequential({ layers: [layers.dense({ inputShape: [null, 3], units: 1 })] });
  const { code } = errorOf(() => buildEncoder(layersModel(any), newScope().scope, { x: float(5, 3) }));
  expect(code).toBe('POLYTASK_ENCODER_OUTPUT');
  const random = tf.sequential({ layers: [layers.dropout({ inputShape: [3], rate: 0.5 })] });
  expect(errorOf(() => build(1, layersModel(random))).code).toBe('POLYTASK_RANDOM_LAYER');
});

it('hands what a factory made over to core, and drops the layers behind the chosen output', () => {
  const before = tf.memory().numTensors;
  const factory = () =>
    tf.sequential({
      layers: [layers.dense({ inputShape: [3], units: 5, name: 'body' }), layers.dense({ units: 2 })],
    });
  const { scope, registry, dispose } = newScope();
  const encoder = layersModel(factory, { output: 'body' });
  const [stage] = encoder.stages({ x: float(3) });
  stage?.build(scope, { x: float(3) });
  expect(registry.map(({ owned }) => owned)).toEqual([true, true]);
  dispose();
  expect(tf.memory().numTensors).toBe(before);
});

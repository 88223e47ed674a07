import {
  buildDense,
  defineEncoder,
  type InputSpec,
  type InputSpecs,
  layerStage,
  mlp,
  type SharingContext,
  type Stage,
} from '@polytask/core';
import { openScope } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import type { Branch } from '../src/branch-tree.js';
import { type BranchedSharingOptions, branchedSharing } from '../src/branched-sharing.js';
import { hardSharing } from '../src/hard-sharing.js';
import { errorOf, float, numbers, step, task } from './parts.js';

beforeAll(() => tf.setBackend('cpu'));

const tasks = ['a', 'b', 'c'].map((name) => task(name));
const tree: Branch = { stages: 1, branches: [{ stages: 1, branches: ['a', 'b'] }, 'c'] };
const inputs = { x: float(4) };

function bind(
  options: Partial<BranchedSharingOptions>,
  given: SharingContext['tasks'] = tasks,
  specs: InputSpecs = inputs,
) {
  const context = openScope(given.map((one) => one.name));
  const strategy = branchedSharing({ encoder: mlp([6, 5, 3]), tree, ...options });
  return {
    ...context,
    model: strategy.bind({ tasks: given, inputs: specs, scope: context.scope, ...context.bindings }),
  };
}

it('builds the stages of every node once, used by the tasks below it', () => {
  const { registered, dispose } = bind({});
  const kernels = registered.filter((one) => one.path.endsWith('kernel'));
  expect(kernels.map(({ path, usedBy }) => `${path} ${usedBy.join('+')}`)).toEqual([
    'trunk/dense0/kernel a+b+c',
    'branches/a+b/dense1/kernel a+b',
    'branches/a/dense2/kernel a',
    'branches/b/dense2/kernel b',
    'branches/c/dense1/kernel c',
    'branches/c/dense2/kernel c',
    'heads/a/outputs/value/kernel a',
    'heads/b/outputs/value/kernel b',
    'heads/c/outputs/value/kernel c',
  ]);
  dispose();
});

it('gives every task its outputs, for batches of 1 and 7; the shared representation is the root', () => {
  const { model, dispose } = bind({ head: mlp([2]) });
  for (const rows of [1, 7]) {
    tf.tidy(() => {
      const state = model.forward({ x: numbers([rows, 4]) }, step(true), {});
      expect(state.shared?.shape).toEqual([rows, 6]);
      for (const { name } of tasks) {
        expect(state.outputs[name]?.value?.shape).toEqual([rows]);
        expect(state.features[name]?.shape).toEqual([rows, 2]);
      }
    });
  }
  dispose();
});

it('has gradients exactly where tasks use variables: none of c in the branch of a and b', () => {
  const { model, registered, dispose } = bind({});
  for (const { name } of tasks) {
    tf.tidy(() => {
      const loss = () =>
        tf.sum(model.forward({ x: numbers([3, 4]) }, step(true), {}).outputs[name]?.value as tf.Tensor);
      const { grads } = tf.variableGrads(
        loss as () => tf.Scalar,
        registered.map((one) => one.variable),
      );
      for (const { variable, usedBy, path } of registered) {
        expect(grads[variable.name] != null, `${name} in ${path}`).toBe(usedBy.includes(name));
      }
    });
  }
  dispose();
});

it('is hard sharing where all tasks go all the way together', () => {
  const branched = bind({ tree: { stages: 3, branches: ['a', 'b', 'c'] } });
  const context = openScope(['a', 'b', 'c']);
  const hard = hardSharing({ encoder: mlp([6, 5, 3]) }).bind({
    tasks,
    inputs,
    scope: context.scope,
    ...context.bindings,
  });
  expect(branched.registered.map((one) => one.path)).toEqual(context.registered.map((one) => one.path));
  tf.tidy(() => {
    const x = numbers([7, 4]);
    const [one, other] = [branched.model.forward({ x }, step(false), {}), hard.forward({ x }, step(false), {})];
    for (const { name } of tasks) {
      expect(one.outputs[name]?.value?.arraySync()).toEqual(other.outputs[name]?.value?.arraySync());
    }
    expect(one.shared?.arraySync()).toEqual(other.shared?.arraySync());
  });
  branched.dispose();
  context.dispose();
});

it('is one column per task where the root has no stages, and then shares nothing', () => {
  const { model, registered, dispose } = bind({ tree: { stages: 0, branches: ['a', 'b', 'c'] } });
  expect(registered.every((one) => one.usedBy.length === 1)).toBe(true);
  tf.tidy(() => {
    const state = model.forward({ x: numbers([2, 4]) }, step(false), {});
    expect('shared' in state).toBe(false);
    expect(state.outputs.c?.value?.shape).toEqual([2]);
  });
  dispose();
});

/** Trees over three tasks, four stages deep at most: two tasks stay together for longer, or none. */
function* trees(): Generator<Branch> {
  for (const stages of [0, 1, 2, 3, 4]) {
    yield { stages, branches: ['a', 'b', 'c'] };
    for (let group = 0; stages + group <= 4; group++) {
      yield { stages, branches: [{ stages: group, branches: ['a', 'b'] }, 'c'] };
      yield { stages, branches: ['b', { stages: group, branches: ['c', 'a'] }] };
    }
  }
}

it('takes every task through all stages, whatever the tree', () => {
  for (const given of trees()) {
    const { model, registered, dispose } = bind({ encoder: mlp([3, 3, 3, 3]), tree: given });
    for (const { name } of tasks) {
      const own = registered.filter((one) => one.usedBy.includes(name) && one.path.endsWith('kernel'));
      const stages = own.map((one) => one.path.split('/').at(-2));
      expect(stages).toEqual(['dense0', 'dense1', 'dense2', 'dense3', 'value']);
    }
    tf.tidy(() => {
      expect(model.forward({ x: tf.ones([1, 4]) }, step(false), {}).outputs.b?.value?.shape).toEqual([1]);
    });
    dispose();
  }
});

it('runs every node once per set of inputs', () => {
  const own = [task('a', ['x1']), task('b', ['x2']), task('c', ['x1'])];
  const { model, dispose } = bind({}, own, { x1: float(4), x2: float(4) });
  tf.tidy(() => {
    const [x1, x2] = [numbers([2, 4], 1), numbers([3, 4], 2)];
    const state = model.forward({ x1, x2 }, step(false), {});
    expect(state.shared?.shape).toEqual([5, 6]);
    expect(['a', 'b', 'c'].map((name) => state.outputs[name]?.value?.shape)).toEqual([[2], [3], [2]]);
    // The same rows give the same, whichever name they come under.
    const swapped = model.forward({ x1: x2, x2: x1 }, step(false), {});
    expect(swapped.shared?.shape).toEqual([5, 6]);
    const direct = model.forward({ x1: x2, x2 }, step(false), {});
    expect(direct.outputs.b?.value?.arraySync()).toEqual(state.outputs.b?.value?.arraySync());
  });
  dispose();
});

it('leaks no tensor', () => {
  const start = tf.memory().numTensors;
  const { model, registered, dispose } = bind({ encoder: mlp([6, 5, 3], { batchNorm: true, dropout: 0.5 }) });
  const train = () =>
    tf.tidy(() => {
      const loss = () => {
        const { outputs } = model.forward({ x: numbers([3, 4]) }, step(true), {});
        return tf.sum(tf.addN(tasks.map(({ name }) => outputs[name]?.value as tf.Tensor))) as tf.Scalar;
      };
      const trainable = registered.filter((one) => one.trainable).map((one) => one.variable);
      tf.variableGrads(loss, trainable).value.dataSync();
    });
  train();
  const before = tf.memory().numTensors;
  for (let i = 0; i < 3; i++) train();
  expect(tf.memory().numTensors).toBe(before);
  dispose();
  expect(tf.memory().numTensors).toBe(start);
});

it('says what is wrong', () => {
  const message = (given: Partial<BranchedSharingOptions>) => errorOf(() => bind(given)).message;
  expect(message({ tree: { stages: 1, branches: ['a', 'b'] } })).toContain('lacks `c`');
  expect(message({ tree: { stages: 1, branches: ['a', 'b', 'c', 'd'] } })).toContain('no task named `d`');
  expect(message({ encoder: mlp([3]) })).toContain('2 stages deep');
  expect(errorOf(() => branchedSharing({ encoder: mlp([3]), tree: 'a' as never }))).toEqual({
    code: 'POLYTASK_INVALID_OPTION',
    message: 'Option `tree` must be { stages, branches }, but is "a".',
  });
  expect(errorOf(() => branchedSharing({ encoder: 3 as never, tree })).message).toContain('`encoder`');
});

it('carries what stages name to the branches whose stages take it, for each set of inputs', () => {
  // The first stage keeps its input as a skip; the last one adds it to what reaches it.
  const first: Stage = {
    name: 'first',
    build: (scope, { x, features }) => {
      const seen = (x ?? features) as InputSpec;
      const layer = buildDense(scope, seen, 4);
      return {
        output: layer.output,
        named: { skip: seen },
        apply(given, at) {
          const input = (given.x ?? given.features) as tf.Tensor;
          return { features: layer.apply(input, at), skip: input };
        },
      };
    },
  };
  const middle: Stage = {
    name: 'middle',
    build: (_, { features }) => ({
      output: features as InputSpec,
      apply: ({ features: at }) => tf.mul(at as tf.Tensor, 0),
    }),
  };
  const last: Stage = {
    name: 'last',
    takes: ['skip'],
    build: (_, { features, skip }) => {
      expect(skip?.shape).toEqual([4]);
      return {
        output: features as InputSpec,
        apply: ({ features: at, skip: seen }) => tf.add(at as tf.Tensor, seen as tf.Tensor),
      };
    },
  };
  const encoder = defineEncoder({ name: 'skipping', stages: () => [first, middle, last] });
  const given = [task('a', ['x']), task('b', ['y']), task('c', ['x'])];
  const specs = { x: float(4), y: float(4) };
  const { model, dispose } = bind(
    { encoder, tree: { stages: 1, branches: [{ stages: 1, branches: ['a', 'b'] }, 'c'] } },
    given,
    specs,
  );
  tf.tidy(() => {
    const [x, y] = [numbers([3, 4], 1), numbers([3, 4], 2)];
    const { features } = model.forward({ x, y }, step(false), {});
    expect(features.a?.dataSync()).toEqual(x.dataSync());
    expect(features.b?.dataSync()).toEqual(y.dataSync());
    expect(features.c?.dataSync()).toEqual(x.dataSync());
  });
  dispose();
  const unknown = defineEncoder({
    name: 'unknown',
    stages: () => [layerStage('plain', 'unknown', (scope, x) => buildDense(scope, x, 4)), last],
  });
  const missing = errorOf(() => bind({ encoder: unknown, tree: { stages: 1, branches: ['a', 'b', 'c'] } }));
  expect(missing.message).toMatch(/output of the stages before `last` named `skip`/);
});

import {
  adam,
  convNet,
  createTrainer,
  fusion,
  type HostTensor,
  type InputSpecs,
  isPart,
  layersModel,
  mlp,
  notesOn,
  regression,
  type SharingContext,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { openScope } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { type HardSharingOptions, hardSharing } from '../src/hard-sharing.js';
import { errorOf, float, numbers, step, task } from './parts.js';

beforeAll(() => tf.setBackend('cpu'));

function bind(options: HardSharingOptions, tasks: SharingContext['tasks'], inputs: InputSpecs, seed = 1) {
  const context = openScope(
    tasks.map((one) => one.name),
    seed,
  );
  return { ...context, model: hardSharing(options).bind({ tasks, inputs, scope: context.scope, ...context.bindings }) };
}

const [left, right] = [task('left'), task('right', undefined, [3])];

it('is a sharing strategy that says of itself what it is', () => {
  const strategy = hardSharing({ encoder: mlp([4]), head: { left: mlp([2]) } });
  expect(isPart(strategy, 'sharing')).toBe(true);
  expect(strategy.name).toBe('hard-sharing');
  expect(strategy.cites[0]?.year).toBe(1997);
  expect(strategy.options).toEqual({
    encoder: { name: 'mlp', options: mlp([4]).options },
    head: { left: { name: 'mlp', options: mlp([2]).options } },
  });
});

it('gives every task its outputs and features, for batches of 1 and 7', () => {
  const { model, dispose } = bind({ encoder: mlp([4]), head: { left: mlp([2]) } }, [left, right], { x: float(5) });
  for (const rows of [1, 7]) {
    tf.tidy(() => {
      const state = model.forward({ x: numbers([rows, 5]) }, step(false), {});
      expect(Object.keys(state.outputs)).toEqual(['left', 'right']);
      expect(state.outputs.left?.value?.shape).toEqual([rows]);
      expect(state.outputs.right?.value?.shape).toEqual([rows, 3]);
      expect([state.features.left?.shape, state.features.right?.shape]).toEqual([
        [rows, 2],
        [rows, 4],
      ]);
      expect(state.shared?.shape).toEqual([rows, 4]);
      expect(state.features.right).toBe(state.shared);
    });
  }
  dispose();
});

it('shares the trunk between all tasks, and gives each its own head', () => {
  const { registered, dispose } = bind({ encoder: mlp([4]), head: mlp([2]) }, [left, right], { x: float(5) });
  expect(registered.map(({ path, usedBy }) => `${path} ${usedBy.join('+')}`)).toEqual([
    'trunk/dense0/kernel left+right',
    'trunk/dense0/bias left+right',
    'heads/left/dense0/kernel left',
    'heads/left/dense0/bias left',
    'heads/left/outputs/value/kernel left',
    'heads/left/outputs/value/bias left',
    'heads/right/dense0/kernel right',
    'heads/right/dense0/bias right',
    'heads/right/outputs/value/kernel right',
    'heads/right/outputs/value/bias right',
  ]);
  dispose();
});

it('has the parameters that the formula counts', () => {
  for (const [width, trunk, head, count] of [
    [1, 1, 1, 1],
    [5, 4, 3, 2],
    [2, 7, 1, 4],
    [9, 3, 6, 3],
  ] as const) {
    const given = Array.from({ length: count }, (_, index) => task(`t${index}`));
    const { registered, dispose } = bind({ encoder: mlp([trunk]), head: mlp([head]) }, given, { x: float(width) });
    const size = registered.reduce((sum, one) => sum + one.variable.size, 0);
    expect(size).toBe((width + 1) * trunk + count * ((trunk + 1) * head + head + 1));
    dispose();
  }
});

it('has the gradient of L1(θs, θ1) + L2(θs, θ2) that is derived by hand', () => {
  const [rows, width, hidden] = [4, 3, 2];
  const tasks = [task('one'), task('two')];
  const { model, registered, variable, dispose } = bind({ encoder: mlp([hidden]) }, tasks, { x: float(width) });
  tf.tidy(() => {
    variable('trunk/dense0/bias').assign(tf.tensor1d([0.1, -0.2]));
    variable('heads/two/outputs/value/bias').assign(tf.tensor1d([0.3]));
  });
  const x = new Float64Array(numbers([rows, width], 1).dataSync());
  const targets = tasks.map((_, k) => new Float64Array(numbers([rows], 2 + k).dataSync()));
  const read = (path: string) => new Float64Array(variable(path).dataSync());
  const W = read('trunk/dense0/kernel');
  const b = read('trunk/dense0/bias');
  const V = tasks.map(({ name }) => read(`heads/${name}/outputs/value/kernel`));
  const c = tasks.map(({ name }) => read(`heads/${name}/outputs/value/bias`));

  // h = max(0, xW + b), y_k = h·v_k + c_k, L = Σ_k mean (y_k − t_k)².
  const dW = new Float64Array(W.length);
  const db = new Float64Array(b.length);
  const dV = V.map((v) => new Float64Array(v.length));
  const dc = c.map(() => new Float64Array(1));
  let open = 0;
  for (let r = 0; r < rows; r++) {
    const h = new Float64Array(hidden);
    const dh = new Float64Array(hidden);
    for (let j = 0; j < hidden; j++) {
      let z = b[j] ?? 0;
      for (let i = 0; i < width; i++) z += (x[r * width + i] ?? 0) * (W[i * hidden + j] ?? 0);
      h[j] = Math.max(0, z);
      if (z > 0) open++;
    }
    tasks.forEach((_, k) => {
      const v = V[k] as Float64Array;
      const y = h.reduce((sum, value, j) => sum + value * (v[j] ?? 0), c[k]?.[0] ?? 0);
      const dy = (2 / rows) * (y - (targets[k]?.[r] ?? 0));
      add(dc[k], 0, dy);
      for (let j = 0; j < hidden; j++) {
        add(dV[k], j, dy * (h[j] ?? 0));
        add(dh, j, dy * (v[j] ?? 0));
      }
    });
    for (let j = 0; j < hidden; j++) {
      if (h[j] === 0) continue;
      add(db, j, dh[j] ?? 0);
      for (let i = 0; i < width; i++) add(dW, i * hidden + j, (dh[j] ?? 0) * (x[r * width + i] ?? 0));
    }
  }
  // The rectifier has to be seen both open and closed.
  expect(open).toBeGreaterThan(0);
  expect(open).toBeLessThan(rows * hidden);

  const expected = [dW, db, dV[0], dc[0], dV[1], dc[1]] as Float64Array[];
  const variables = registered.map((one) => one.variable);
  expect(variables.map((one) => one.size)).toEqual(expected.map((one) => one.length));
  tf.tidy(() => {
    const loss = () => {
      const { outputs } = model.forward({ x: tf.tensor2d(Float32Array.from(x), [rows, width]) }, step(true), {});
      const losses = tasks.map(({ name }, k) =>
        tf.mean(
          tf.squaredDifference(outputs[name]?.value as tf.Tensor, tf.tensor1d(Float32Array.from(targets[k] ?? []))),
        ),
      );
      return tf.addN(losses) as tf.Scalar;
    };
    const { grads } = tf.variableGrads(loss, variables);
    variables.forEach(({ name }, index) => {
      const found = (grads[name] as tf.Tensor).dataSync();
      expected[index]?.forEach((value, i) => {
        expect(found[i], registered[index]?.path).toBeCloseTo(value, 5);
      });
    });
  });
  dispose();
});

it("has no gradient of one task in the other's head, and none missing in the trunk", () => {
  const { model, registered, dispose } = bind({ encoder: mlp([4]), head: mlp([3]) }, [left, right], { x: float(5) });
  for (const name of ['left', 'right']) {
    tf.tidy(() => {
      const loss = () =>
        tf.sum(model.forward({ x: tf.ones([2, 5]) }, step(true), {}).outputs[name]?.value as tf.Tensor);
      const variables = registered.map((one) => one.variable);
      const { grads } = tf.variableGrads(loss as () => tf.Scalar, variables);
      for (const { variable, usedBy, path } of registered) {
        expect(grads[variable.name] != null, path).toBe(usedBy.includes(name));
      }
    });
  }
  dispose();
});

it('starts the same from the same seed, differently from another', () => {
  const weights = (seed: number) => {
    const { registered, dispose } = bind({ encoder: mlp([4]) }, [left, right], { x: float(5) }, seed);
    const values = registered.flatMap((one) => [...one.variable.dataSync()]);
    dispose();
    return values;
  };
  expect(weights(1)).toEqual(weights(1));
  expect(weights(1)).not.toEqual(weights(2));
});

it('leaks no tensor', () => {
  const start = tf.memory().numTensors;
  const { model, registered, dispose } = bind(
    { encoder: convNet({ filters: [2], dense: [4], batchNorm: true, dropout: 0.5 }), head: mlp([3]) },
    [left, right],
    { x: float(6, 6) },
  );
  const train = () =>
    tf.tidy(() => {
      const loss = () => {
        const { outputs } = model.forward({ x: numbers([2, 6, 6]) }, step(true), {});
        return tf.add(tf.sum(outputs.left?.value as tf.Tensor), tf.sum(outputs.right?.value as tf.Tensor)) as tf.Scalar;
      };
      const trainable = registered.filter((one) => one.trainable).map((one) => one.variable);
      tf.variableGrads(loss, trainable).value.dataSync();
    });
  train();
  const before = tf.memory().numTensors;
  for (let i = 0; i < 3; i++) train();
  expect(tf.memory().numTensors).toBe(before);
  model.dispose?.();
  dispose();
  expect(tf.memory().numTensors).toBe(start);
});

it('sends tasks with inputs of their own through the same trunk', () => {
  const tasks = [task('a', ['x1']), task('b', ['x2']), task('c', ['x1'])];
  const inputs = { x1: float(3), x2: float(3) };
  const { model, registered, usedBy, dispose } = bind({ encoder: mlp([4]) }, tasks, inputs);
  expect(usedBy('trunk/dense0/kernel')).toEqual(['a', 'b', 'c']);
  expect(registered.filter((one) => one.path.startsWith('trunk'))).toHaveLength(2);
  tf.tidy(() => {
    const [x1, x2] = [numbers([2, 3], 1), numbers([5, 3], 2)];
    const state = model.forward({ x1, x2 }, step(false), {});
    expect(state.shared?.shape).toEqual([7, 4]);
    expect([state.outputs.a?.value?.shape, state.outputs.b?.value?.shape]).toEqual([[2], [5]]);
    // Each task alone gives the same as all together.
    const alone = model.forward({ x1: x2, x2: x1 }, step(false), {});
    const rows = state.shared?.arraySync() as number[][];
    expect(alone.shared?.arraySync()).toEqual([...rows.slice(2), ...rows.slice(0, 2)]);
    // The shared representation carries the gradient of every task, for its own rows.
    const trunk = registered[0]?.variable as tf.Variable;
    const found: (number | undefined)[][] = [];
    tf.variableGrads(() => {
      const inner = model.forward({ x1, x2 }, step(false), {});
      for (const name of ['a', 'b']) {
        const loss = () => tf.sum(inner.outputs[name]?.value as tf.Tensor);
        const { grads } = tf.engine().gradients(loss, [inner.shared as tf.Tensor]);
        found.push((tf.sum(tf.abs(grads[0] as tf.Tensor), 1).arraySync() as number[]).map(Math.sign));
      }
      return tf.sum(inner.shared as tf.Tensor) as tf.Scalar;
    }, [trunk]);
    expect(found).toEqual([
      [1, 1, 0, 0, 0, 0, 0],
      [0, 0, 1, 1, 1, 1, 1],
    ]);
  });
  dispose();
});

it('runs the trunk once for tasks with the same inputs', () => {
  const { model, dispose } = bind({ encoder: mlp([4]) }, [left, right, task('third')], { x: float(3) });
  tf.tidy(() => {
    const x = tf.ones([2, 3]);
    const profile = (run: () => unknown) => {
      const kernels: string[] = [];
      const engine = tf.engine();
      const original = engine.runKernel.bind(engine);
      engine.runKernel = ((name: string, ...rest: [never, never]) => {
        kernels.push(name);
        return original(name, ...rest);
      }) as typeof engine.runKernel;
      run();
      engine.runKernel = original;
      return kernels.filter((name) => name === 'BatchMatMul').length;
    };
    expect(profile(() => model.forward({ x }, step(false), {}))).toBe(1 + 3);
  });
  dispose();
});

it('fuses several inputs, and adapts inputs of other shapes', () => {
  const fused = bind({ encoder: fusion({ x: mlp([2]), z: mlp([3]) }) }, [left, right], { x: float(4), z: float(5) });
  tf.tidy(() => {
    const state = fused.model.forward({ x: tf.ones([7, 4]), z: tf.ones([7, 5]) }, step(false), {});
    expect(state.shared?.shape).toEqual([7, 5]);
  });
  fused.dispose();
  const tasks = [task('a', ['x']), task('b', ['z'])];
  const adapted = bind({ encoder: mlp([3]), adapters: { b: mlp([4]) } }, tasks, { x: float(4), z: float(5) });
  expect(adapted.usedBy('adapters/b/dense0/kernel')).toEqual(['b']);
  tf.tidy(() => {
    const state = adapted.model.forward({ x: tf.ones([2, 4]), z: tf.ones([3, 5]) }, step(false), {});
    expect([state.outputs.a?.value?.shape, state.outputs.b?.value?.shape]).toEqual([[2], [3]]);
  });
  adapted.dispose();
});

it('works with a model of the layers API as trunk', () => {
  const encoder = layersModel(() =>
    tf.sequential({ layers: [tf.layers.dense({ inputShape: [3], units: 4, activation: 'relu' })] }),
  );
  const { model, usedBy, dispose } = bind({ encoder }, [left, right], { x: float(3) });
  expect(usedBy('trunk/model/0-Dense/kernel')).toEqual(['left', 'right']);
  tf.tidy(() => {
    expect(model.forward({ x: tf.ones([1, 3]) }, step(false), {}).shared?.shape).toEqual([1, 4]);
  });
  dispose();
});

it('has rotations between trunk and heads, which no optimizer moves', async () => {
  const names = ['a', 'b'];
  const trainer = await createTrainer({
    tasks: names.map((name) => regression(name)),
    sharing: hardSharing({ encoder: mlp([4], { activation: 'tanh' }), rotations: true }),
    optimizer: adam({ learningRate: 0.5 }),
  });
  const columns = Object.fromEntries(names.map((name) => [name, uniformFloats(6, name)]));
  await trainer.fit(tableDataset({ inputs: { x: { data: uniformFloats(12, 'x'), shape: [6, 2] } }, columns }), {
    epochs: 3,
  });
  const { segments = [], stateSegments = [] } = trainer.parameters?.layout ?? {};
  expect(segments.some(({ path }) => path.startsWith('rotations'))).toBe(false);
  expect(stateSegments.map(({ path, usedBy }) => `${path} ${usedBy}`)).toEqual([
    'rotations/a/matrix a',
    'rotations/b/matrix b',
  ]);
  const { variables } = await trainer.model();
  const { data } = variables['rotations/a/matrix'] as HostTensor;
  expect(Array.from(data)).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  // Predictions go by the rotation that a model has.
  const turned = { data: Float32Array.of(0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1), shape: [4, 4] };
  const inputs = { x: { data: Float32Array.of(0.3, -0.7), shape: [1, 2] } };
  const before = await trainer.predict(inputs);
  const model = await trainer.model();
  await trainer.loadModel({ ...model, variables: { ...model.variables, 'rotations/b/matrix': turned } });
  const after = await trainer.predict(inputs);
  expect(after.a).toEqual(before.a);
  expect(after.b).not.toEqual(before.b);
  trainer.dispose();
});

it('says that rotations are for a balancing that learns them', () => {
  expect(notesOn({ sharing: hardSharing({ encoder: mlp([4]), rotations: 2 }) })).toEqual([
    '`hard-sharing` was made for the balancing `roto-grad`, and this run has `sum-of-losses`. No other learns `rotations`: leave them out.',
  ]);
  expect(notesOn({ sharing: hardSharing({ encoder: mlp([4]), rotations: false }) })).toEqual([]);
});

it('says what is wrong', () => {
  const inputs = { x: float(4), z: float(5) };
  const failing = (options: HardSharingOptions, tasks = [left, right]) => errorOf(() => bind(options, tasks, inputs));
  expect(errorOf(() => hardSharing({ encoder: convNet as never })).message).toContain('`encoder`');
  expect(failing({ encoder: mlp([3]) }).message).toContain('fusion');
  expect(failing({ encoder: mlp([3]), rotations: 4 }, [task('a', ['x'])]).message).toContain(
    'Option `rotations` must be false, or a number from 2 to 3 for the 3 features',
  );
  expect(failing({ encoder: mlp([3]) }, [task('a', ['x']), task('b', ['z'])])).toMatchObject({
    code: 'POLYTASK_TASK_INPUTS',
  });
  expect(failing({ encoder: fusion({ x: mlp([1]), z: mlp([1]) }), head: { lift: mlp([1]) } }).message).toContain(
    '`left`',
  );
});

function add(list: Float64Array | undefined, index: number, amount: number): void {
  if (list !== undefined) list[index] = (list[index] ?? 0) + amount;
}

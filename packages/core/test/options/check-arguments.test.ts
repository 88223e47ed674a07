// What callers from plain JavaScript may pass by mistake is refused with a code, and not by an error from deep inside.
import {
  type AnyTask,
  adam,
  classification,
  createTrainer,
  type FitOptions,
  type MultiTaskDataset,
  mlp,
  regression,
  tableDataset,
} from '@polytask/core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';

beforeAll(() => useBackend('cpu'));

/** As plain JavaScript sees a function. */
// biome-ignore lint/suspicious/noExplicitAny: whatever a caller may pass.
const untyped = (call: unknown) => call as (...given: any[]) => any;

const rows = (inputs: object, count = 4) =>
  tableDataset({
    inputs: inputs as never,
    columns: { a: Array.from({ length: count }, (_, i) => i), b: Int32Array.from({ length: count }, (_, i) => i % 2) },
  });
const x = { data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), shape: [4, 2] };
const tasks = [regression('a'), classification('b', { classes: 2 })] as const;

async function trained() {
  const trainer = await createTrainer({ tasks, sharing: tinySharing(), seed: 1 });
  onTestFinished(() => trainer.dispose());
  await trainer.fit(rows({ x }), { epochs: 1, batchSize: 2 });
  return trainer;
}

/** What a call is refused with, thrown or rejected. */
async function refusal(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

const option = (name: string) => ({ code: 'POLYTASK_INVALID_OPTION', option: name });

describe('createTrainer', () => {
  it.each<[unknown[], object]>([
    [[], option('options')],
    [[null], option('options')],
    [[{}], option('tasks')],
    [[{ tasks: null, sharing: null }], option('tasks')],
    [[{ tasks, sharing: null }], { code: 'POLYTASK_WRONG_PART' }],
    [[{ tasks: [null], sharing: null }], { code: 'POLYTASK_WRONG_PART' }],
    [[{ tasks, sharing: tinySharing(), auxiliary: {} }], option('auxiliary')],
    [[{ tasks, sharing: tinySharing(), optimizer: adam }], { code: 'POLYTASK_WRONG_PART' }],
  ])('refuses %#', async (given, refused) => {
    expect(await refusal(() => untyped(createTrainer)(...given))).toMatchObject(refused);
  });
});

describe('fit', () => {
  const data = rows({ x });
  it.each<[unknown[], object]>([
    [[], option('train')],
    [[null], option('train')],
    [[{}], option('train')],
    [[{ inputs: {}, columns: [] }], option('train')],
    [[data], option('options')],
    [[data, null], option('options')],
    [[data, {}], option('epochs')],
    [[data, { epochs: 1, shuffle: 'no' }], option('shuffle')],
    [[data, { epochs: 1, lastBatch: 'pad' }], option('lastBatch')],
    [[data, { epochs: 1, signal: {} }], option('signal')],
    [[data, { epochs: 1, callbacks: {} }], option('callbacks')],
    [[data, { epochs: 1, callbacks: [5] }], option('callbacks')],
    [[data, { epochs: 1, callbacks: [{ stepEnd: 5 }] }], option('callbacks')],
    [[data, { epochs: 1, onMetrics: {} }], option('onMetrics')],
    [[data, { epochs: 1, validation: {} }], option('validation')],
    [[data, { epochs: 1, evaluationBatchSize: 0.5 }], option('evaluationBatchSize')],
    [[data, { epochs: 1, earlyStopping: 3 }], option('earlyStopping')],
  ])('refuses %#, and goes on when asked rightly', async (given, refused) => {
    const trainer = await createTrainer({ tasks, sharing: tinySharing() });
    onTestFinished(() => trainer.dispose());
    expect(await refusal(() => untyped(trainer.fit)(...given))).toMatchObject(refused);
    await trainer.fit(data, { epochs: 1 });
  });

  it('takes callbacks that are instances of classes', async () => {
    class Counter {
      steps = 0;
      stepEnd() {
        this.steps += 1;
      }
    }
    const counter = new Counter();
    const trainer = await createTrainer({ tasks, sharing: tinySharing() });
    onTestFinished(() => trainer.dispose());
    await trainer.fit(data, { epochs: 1, batchSize: 2, callbacks: [counter], signal: new AbortController().signal });
    expect(counter.steps).toBe(2);
  });
});

describe('data with other inputs than the model takes', () => {
  const other = {
    'an input of another name': [{ y: x }, /must have the model's input `x`, but have `y`\.$/],
    'another shape': [
      { x: { data: new Float32Array(12), shape: [4, 3] } },
      /input `x` as the model takes it, float32 \[2\], but it is float32 \[3\]\.$/,
    ],
    'another dtype': [
      { x: { data: new Int32Array(8), shape: [4, 2] } },
      /input `x` as the model takes it, float32 \[2\], but it is int32 \[2\]\.$/,
    ],
  } as const;
  it.each(Object.entries(other))('are refused: %s', async (_, [inputs, message]) => {
    const trainer = await trained();
    const data = rows(inputs) as MultiTaskDataset;
    const refused = { code: 'POLYTASK_DATASET', message: expect.stringMatching(message) };
    for (const call of [
      () => trainer.fit(data, { epochs: 2, batchSize: 2 }),
      () => trainer.fit(rows({ x }), { epochs: 2, batchSize: 2, validation: data }),
      () => trainer.evaluate(data),
    ]) {
      expect(await refusal(call)).toMatchObject(refused);
    }
    await trainer.fit(rows({ x }), { epochs: 2, batchSize: 2 });
  });
});

describe('evaluate, predict, restore and loadModel', () => {
  it.each<[string, unknown[], object]>([
    ['evaluate', [], option('dataset')],
    ['evaluate', [{}], option('dataset')],
    ['evaluate', [rows({ x }), { batchSize: 'all' }], option('batchSize')],
    ['evaluate', [rows({ x }), 3], option('options')],
    ['predict', [], option('inputs')],
    ['predict', [null], option('inputs')],
    ['predict', [{ x: null }], option('inputs.x')],
    ['predict', [{ x: { data: ['a', 'b'], shape: [1, 2] } }], option('inputs.x')],
    ['predict', [{ x: Float32Array.of(1, 2) }], option('inputs.x')],
    ['predict', [{ x: { data: Float32Array.of(1, Number.NaN), shape: [1, 2] } }], { code: 'POLYTASK_DATASET' }],
    ['restore', [], option('checkpoint')],
    ['restore', [null], option('checkpoint')],
    ['restore', [{}], option('checkpoint')],
    ['loadModel', [], option('model')],
    ['loadModel', [{}], option('model')],
    ['loadModel', [{ inputs: {}, constants: {}, variables: 1 }], option('model')],
  ])('%s refuses %#', async (name, given, refused) => {
    const trainer = await trained();
    const call = (trainer as unknown as Record<string, unknown>)[name];
    expect(await refusal(() => untyped(call)(...given))).toMatchObject(refused);
  });

  it('keep `fit` waiting for its turn', async () => {
    const trainer = await trained();
    const [checkpoint, model] = [await trainer.checkpoint(), await trainer.model()];
    for (const replace of [() => trainer.restore(checkpoint), () => trainer.loadModel(model)]) {
      const restoring = replace();
      expect(await refusal(() => trainer.fit(rows({ x }), { epochs: 3, batchSize: 2 }))).toMatchObject({
        code: 'POLYTASK_BUSY',
      });
      await restoring;
    }
    await trainer.restore(checkpoint);
    await trainer.fit(rows({ x }), { epochs: 3, batchSize: 2 });
  });

  it('refuse a model whose numbers are not finite', async () => {
    const trainer = await trained();
    const model = await trainer.model();
    const [path = ''] = Object.keys(model.variables);
    const before = model.variables[path];
    const data = new Float32Array(before?.data.length ?? 0).fill(Number.NaN);
    const broken = { ...model, variables: { ...model.variables, [path]: { data, shape: before?.shape ?? [] } } };
    expect(await refusal(() => trainer.loadModel(broken))).toMatchObject({
      code: 'POLYTASK_CHECKPOINT',
      message: expect.stringContaining(`in its variable \`${path}\` number 0 is NaN`),
    });
  });
});

describe('parts and data sets', () => {
  it.each<[string, () => unknown, object]>([
    ['tableDataset()', () => untyped(tableDataset)(), option('options')],
    ['tableDataset without inputs', () => untyped(tableDataset)({ columns: {} }), option('inputs')],
    ['tableDataset without columns', () => untyped(tableDataset)({ inputs: { x } }), option('columns')],
    ['classes: null', () => untyped(classification)('b', { classes: null }), option('classes')],
    ['classes beyond all models', () => classification('b', { classes: 1e9 }), option('classes')],
    ['mlp()', () => untyped(mlp)(), { code: 'POLYTASK_INVALID_OPTION' }],
  ])('refuse %s', async (_, call, refused) => {
    expect(await refusal(call)).toMatchObject(refused);
  });

  it('refuse a class id below -1, which would count as missing', async () => {
    const b = Int32Array.of(0, 1, -2, -1);
    const data = tableDataset({ inputs: { x }, columns: { a: [0, 1, 2, 3], b } });
    const trainer = await createTrainer({ tasks: tasks as unknown as readonly AnyTask[], sharing: tinySharing() });
    onTestFinished(() => trainer.dispose());
    const error = await refusal(() => trainer.fit(data, { epochs: 1 } as FitOptions));
    expect(error).toMatchObject({ message: expect.stringContaining('-1 where a label is missing') });
  });
});

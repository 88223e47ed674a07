import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { InputSpec, InputSpecs } from '../../src/contracts/batch.js';
import { buildEncoder } from '../../src/encoders/build-encoder.js';
import { tabular } from '../../src/encoders/tabular.js';
import {
  difference,
  errorOf,
  evaluating,
  float,
  newScope,
  numbers,
  onBackend,
  outputAndGradients,
} from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const ids = (shape: number[], ...categories: number[]): InputSpec => ({ shape, dtype: 'int32', categories });
const inputs: InputSpecs = { rooms: float(), size: float(2), place: ids([2], 3, 200), kind: ids([], 4) };

it('puts numbers and embeddings side by side', () => {
  const { scope, registry, variable, dispose } = newScope();
  const built = buildEncoder(tabular(), scope, inputs);
  expect(registry.map((one) => [one.path, one.variable.shape])).toEqual([
    ['columns/place.0/table', [3, 2]],
    ['columns/place.1/table', [200, 50]],
    ['columns/kind.0/table', [4, 2]],
  ]);
  expect(built.output).toEqual(float(1 + 2 + 2 + 50 + 2));
  tf.tidy(() => {
    const row = {
      rooms: tf.tensor1d([5]),
      size: tf.tensor2d([[6, 7]]),
      place: tf.tensor2d([[2, 199]], [1, 2], 'int32'),
      kind: tf.tensor1d([1], 'int32'),
    };
    const y = [...built.apply(row, evaluating).dataSync()];
    const tables = [variable('columns/place.0/table'), variable('columns/kind.0/table')].map(
      (table) => table.arraySync() as number[][],
    );
    expect(y.slice(0, 3)).toEqual([5, 6, 7]);
    expect(y.slice(3, 5)).toEqual(tables[0]?.[2]);
    expect(y.slice(-2)).toEqual(tables[1]?.[1]);
  });
  dispose();
});

it('is as wide as the rule says, for any columns', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 }),
      fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      fc.constantFrom(1, 7),
      (categories, embeddingSize, rows) => {
        const { scope, dispose } = newScope();
        const specs = { x: float(3), c: ids([categories.length], ...categories) };
        const built = buildEncoder(tabular(embeddingSize === undefined ? {} : { embeddingSize }), scope, specs);
        const sizes = categories.map((count) => embeddingSize ?? Math.min(50, Math.ceil(count / 2)));
        expect(built.output.shape).toEqual([sizes.reduce((sum, size) => sum + size, 3)]);
        tf.tidy(() => {
          const c = tf.zeros([rows, categories.length], 'int32');
          expect(built.apply({ x: tf.zeros([rows, 3]), c }, evaluating).shape).toEqual([rows, ...built.output.shape]);
        });
        dispose();
      },
    ),
    { numRuns: 25 },
  );
});

it('goes on in dense layers', () => {
  const { scope, dispose } = newScope();
  const encoder = tabular({ units: [8, 4], batchNorm: true });
  expect(encoder.stages(inputs).map((stage) => stage.name)).toEqual(['columns', 'dense0', 'dense1']);
  expect(buildEncoder(encoder, scope, inputs).output).toEqual(float(4));
  dispose();
});

it('puts the columns beside the last dense layer, where it is wide', () => {
  const { scope, registry, variable, dispose } = newScope();
  const specs = { x: float(2), c: ids([1], 3) };
  const encoder = tabular({ units: [4, 3], embeddingSize: 2, wide: 4 });
  expect(encoder.stages(specs).map((stage) => stage.name)).toEqual(['columns', 'dense0', 'dense1', 'wide']);
  const built = buildEncoder(encoder, scope, specs);
  expect(built.output).toEqual(float(3 + 4));
  // The same variables as without: what is beside is not learned.
  expect(registry.map(({ path }) => path)).toEqual([
    'columns/c.0/table',
    ...['dense0', 'dense1'].flatMap((layer) => [`${layer}/kernel`, `${layer}/bias`]),
  ]);
  tf.tidy(() => {
    const row = { x: tf.tensor2d([[5, -6]]), c: tf.tensor2d([[2]], [1, 1], 'int32') };
    const y = [...built.apply(row, evaluating).dataSync()];
    const [, , embedded] = variable('columns/c.0/table').arraySync() as number[][];
    const expected = [5, -6, ...(embedded as number[])].map((value) => Math.fround(4 * value));
    expect(y.slice(3)).toEqual(expected);
  });
  dispose();
});

it('is not wide without dense layers, which would show heads the columns twice', () => {
  const names = tabular({ wide: 1 })
    .stages(inputs)
    .map((stage) => stage.name);
  expect(names).toEqual(['columns']);
});

it('agrees between cpu and wasm in training, and leaks no tensor', async () => {
  const run = () =>
    outputAndGradients((scope) => {
      const built = buildEncoder(tabular({ units: [4], wide: 2 }), scope, { x: float(2), c: ids([1], 5) });
      return (step) => built.apply({ x: numbers([3, 2]), c: tf.tensor2d([[0], [4], [4]], [3, 1], 'int32') }, step);
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
  const message = (options: Parameters<typeof tabular>[0], specs: InputSpecs = inputs) =>
    errorOf(() => buildEncoder(tabular(options), newScope().scope, specs)).message;
  expect(message({ numeric: ['romms'] })).toContain('Did you mean `rooms`');
  expect(message({ numeric: ['rooms'] })).toMatch(/`size` is in neither/);
  expect(message({ numeric: ['rooms', 'size', 'kind'] })).toMatch(/`kind` is named twice/);
  expect(message({ numeric: ['rooms', 'size', 'kind'], categorical: ['place'] })).toMatch(/`kind` holds category ids/);
  expect(message({ numeric: ['rooms'], categorical: ['size', 'place', 'kind'] })).toMatch(/`size` is categorical, but/);
  expect(message({ embeddingSize: 0 })).toContain('`embeddingSize`');
  expect(message({}, { c: ids([2], 3) })).toContain('[1], one column per entry');
  expect(message({}, { c: ids([1, 1], 3) })).toContain('one column per entry');
});

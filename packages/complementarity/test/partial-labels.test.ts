import {
  type AnyTask,
  adam,
  binary,
  buildConv2d,
  buildHeads,
  buildUpsampling,
  classification,
  defineSharing,
  denseClassification,
  type InputSpec,
  mlp,
  multiLabel,
  regression,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { partialLabels } from '../src/partial-labels.js';
import { expectResumes, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

// Pairs of forty tasks are many.
const make = (names: readonly string[]) =>
  partialLabels(names.length > 3 ? { pairs: [[names[0] as string, names[1] as string]] } : {});
for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'] })) test(name, run);

const rows = 24;
const x = uniformFloats(rows * 4, 'partial').map((value) => 2 * value - 1);
const at = (row: number, i: number) => x[4 * row + i] as number;
const kinds = Int32Array.from({ length: rows }, (_, row) => (at(row, 0) > 0.3 ? 2 : at(row, 0) > -0.3 ? 1 : 0));
const columns = {
  // Half of the rows have one label, half the other.
  kind: kinds.map((label, row) => (row % 2 === 0 ? label : -1)),
  size: Float32Array.from({ length: rows }, (_, row) => (row % 2 === 1 ? 10 + at(row, 0) : Number.NaN)),
  yes: Float32Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? Number(at(row, 0) > 0) : Number.NaN)),
};
const data = tableDataset({ inputs: { x: { data: x, shape: [rows, 4] } }, columns });
const tasks: readonly AnyTask[] = [classification('kind', { classes: 3 }), regression('size'), binary('yes')];
const options = (term: ReturnType<typeof partialLabels>, of = tasks) => ({
  tasks: of,
  sharing: plainSharing(mlp([6], { activation: 'tanh' })),
  auxiliary: [term],
  optimizer: adam({ learningRate: 0.02 }),
});
const termsOf = (_: unknown, events: readonly { terms: Record<string, number> }[]) =>
  events.map(({ terms }) => terms['partial-labels'] as number);

test('prediction and label come to agree in the common space, for classes, numbers and a yes or no', async () => {
  const terms = await trained(options(partialLabels()), data, { epochs: 60, batchSize: rows }, termsOf as never);
  const found = terms as unknown as number[];
  expect(found.at(-1)).toBeLessThan(0.5 * (found[0] as number));
  await expectResumes(() => options(partialLabels({ learningRate: 0.001 })), data, { epochs: 2, batchSize: 8 }, [4]);
});

test('is about rows with the one label and not the other alone', async () => {
  const whole = tableDataset({
    inputs: { x: { data: x, shape: [rows, 4] } },
    columns: { kind: kinds, size: x.filter((_, i) => i % 4 === 0) },
  });
  const first = tasks.slice(0, 2);
  const run = (of: typeof data, term = partialLabels()) =>
    trained(options(term, first), of, { epochs: 1, batchSize: rows }, termsOf as never) as unknown as Promise<number[]>;
  expect(await run(whole)).toEqual([0]);
  expect((await run(data))[0]).toBeGreaterThan(0);
  // A pair is tied both ways, so its order is nothing.
  const [there, back] = [partialLabels({ pairs: [['kind', 'size']] }), partialLabels({ pairs: [['size', 'kind']] })];
  expect(await run(data, there)).toEqual(await run(data, back));
});

test('takes maps: classes by position, of another size than the features', async () => {
  const images = uniformFloats(8 * 36, 'images');
  const sharing = defineSharing({
    name: 'maps',
    bind({ tasks: of, inputs, scope }) {
      const trunk = buildConv2d(scope.child('trunk'), inputs.image as InputSpec, 4, { padding: 'same', strides: 2 });
      const back = buildUpsampling({ shape: [3, 3, 4], dtype: 'float32' }, 2);
      const heads = buildHeads(scope, of, back.output);
      return {
        forward(tensors, step) {
          // Heads see maps of the full size; what is shared is smaller.
          const shared = trunk.apply(tensors.image as tf.Tensor, step);
          const full = back.apply(shared, step);
          return heads.apply(Object.fromEntries(of.map(({ name }) => [name, full])), step, { shared });
        },
      };
    },
  });
  const maps = tableDataset({
    inputs: { image: { data: images, shape: [8, 6, 6, 1] } },
    columns: {
      ink: {
        data: Int32Array.from(images, (value, i) => (Math.floor(i / 36) % 2 === 0 ? Number(value > 0.5) : -1)),
        shape: [8, 6, 6],
      },
      light: Float32Array.from({ length: 8 }, (_, row) => (row % 2 === 1 ? (images[36 * row] as number) : Number.NaN)),
    },
  });
  const of: readonly AnyTask[] = [denseClassification('ink', { classes: 2, positions: [6, 6] }), regression('light')];
  const found = await trained(
    { tasks: of, sharing, auxiliary: [partialLabels()] },
    maps,
    { epochs: 2, batchSize: 8 },
    termsOf as never,
  );
  expect((found as unknown as number[]).every((term) => term > 0 && term < 10)).toBe(true);
});

test('refuses tasks that predict something else, where they are named', async () => {
  const odd = { ...multiLabel('tags', { labels: ['a', 'b'] }), problem: undefined } as AnyTask;
  expect(() =>
    partialLabels({ pairs: [['tags', 'size']] }).bind({
      tasks: [odd, regression('size')],
      features: {},
      shared: [4],
    } as never),
  ).toThrow('`tags` is of type `multi-label`');
});

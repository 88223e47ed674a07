import {
  binary,
  classification,
  createTrainer,
  type Encoder,
  type HostTensor,
  type Inference,
  mlp,
  regression,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';

/** Rows of the training data. */
export const rows = 24;

/** A trainer that has trained for two epochs on noise. */
export async function trained(
  encoder: Encoder,
  shape: readonly number[],
  categories?: readonly number[],
  rotations?: number,
) {
  const noise = uniformFloats(rows * shape.reduce((a, b) => a * b, 1), 'export', 'x');
  const data =
    categories === undefined
      ? noise
      : Int32Array.from(noise, (v, i) => v * (categories[i % categories.length] as number));
  const pick = (name: string, many: number) => Int32Array.from(uniformFloats(rows, 'export', name), (v) => v * many);
  const dataset = tableDataset({
    inputs: { x: { data, shape: [rows, ...shape], ...(categories === undefined ? {} : { categories }) } },
    columns: {
      kind: pick('kind', 3),
      high: pick('high', 2),
      price: uniformFloats(rows, 'export', 'price').map((v) => 100 + 20 * v),
    },
  });
  const trainer = await createTrainer({
    tasks: [
      classification('kind', { classes: ['cat', 'dog', 'bird'] }),
      binary('high', { labels: ['low', 'high'] }),
      regression('price', { unit: 'EUR' }),
    ],
    sharing: hardSharing({ encoder, head: mlp([6], { batchNorm: true }), rotations }),
    seed: 1,
  });
  await trainer.fit(dataset, { epochs: 2, batchSize: 8 });
  return { trainer, data };
}

/** What the trainer itself predicts, as numbers. */
export async function expected(
  { program, layout, values, state }: Inference,
  x: HostTensor,
): Promise<Record<string, number[]>> {
  for (const [segments, flat] of [
    [layout.segments, values],
    [layout.stateSegments, state],
  ] as const) {
    for (const { variable, offset, size, shape } of segments) {
      variable.assign(tf.tensor(flat.data.slice(offset, offset + size), [...shape]));
    }
  }
  const dtype = x.data instanceof Int32Array ? 'int32' : 'float32';
  const found = program.run({ 'input/x': tf.tensor(x.data, [...x.shape], dtype) }, { uniform: () => tf.scalar(0) });
  return Object.fromEntries(
    Object.entries(found).map(([name, tensor]) => [name.split('/')[1], [...tensor.dataSync()]]),
  );
}

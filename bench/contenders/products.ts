import { compile, float32 } from '@polytask/compiler';
import { uniformFloats } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import type { Contender } from '../measure.js';
import type { Work } from './works.js';

/** A matrix product `[rows, inner] × [inner, columns]`. */
export type Product = readonly [rows: number, inner: number, columns: number];

/**
 * The matrix products of a step of a dense network: per layer the layer itself, the gradient of its kernel and, but for the first
 * one, the gradient of its input.
 */
export function productsOf({ batch, trunk, head, input, classes }: Work): readonly Product[] {
  if (typeof trunk === 'string') return [];
  const layers: [number, number][] = [];
  const chain = (from: number, widths: readonly number[]) => {
    let inputs = from;
    for (const width of widths) {
      layers.push([inputs, width]);
      inputs = width;
    }
    return inputs;
  };
  const features = chain(input.shape[0] as number, trunk);
  for (const count of classes) chain(features, [...head, count]);
  return layers.flatMap(([inputs, outputs], layer): Product[] => [
    [batch, inputs, outputs],
    [inputs, batch, outputs],
    ...(layer === 0 ? [] : [[batch, outputs, inputs] as const]),
  ]);
}

/** Floating-point operations, a multiplication and an addition counted as two. */
export function operations(products: readonly Product[]): number {
  return products.reduce((sum, [rows, inner, columns]) => sum + 2 * rows * inner * columns, 0);
}

/** The products and nothing else, in the runtime of the compiled step: results stay where they are computed, as the step's do. */
export async function productsAlone(
  products: readonly Product[],
  threads: number,
): Promise<Contender & { stop(): Promise<void> }> {
  const results = products.map(([rows, , columns]) => tf.variable(tf.zeros([rows, columns])));
  const signature = Object.fromEntries(
    products.flatMap(([rows, inner, columns], i) => [
      [`a${i}`, float32(rows, inner)],
      [`b${i}`, float32(inner, columns)],
    ]),
  );
  const multiply = (inputs: { readonly [name: string]: tf.Tensor2D }) => {
    for (const [i, result] of results.entries()) {
      result.assign(tf.matMul(inputs[`a${i}`] as tf.Tensor2D, inputs[`b${i}`] as tf.Tensor2D));
    }
    return {};
  };
  const compiled = await compile(multiply, signature, { threads, name: 'products' });
  const inputs = Object.fromEntries(
    Object.entries(signature).map(([name, { shape }]) => [
      name,
      uniformFloats((shape[0] as number) * (shape[1] as number), 'bench', 'products', name),
    ]),
  );
  return {
    name: 'its matrix products alone, ONNX Runtime',
    step: async () => void (await compiled.run(inputs)),
    async stop() {
      await compiled.dispose();
      tf.dispose(results);
    },
  };
}

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { StepContext } from '../../src/contracts/encoder.js';
import type { BuildScope } from '../../src/contracts/parameters.js';
import { difference, newScope, numbers, onBackend, outputAndGradients } from './building.js';

/**
 * Holds the gradient of Σ c·y by every input and every variable, c given at random, against central differences.
 *
 * @param shapes - of the inputs.
 * @param build - gives y as a function of the inputs.
 */
export function expectSlopes(
  shapes: readonly (readonly number[])[],
  build: (scope: BuildScope) => (...inputs: tf.Tensor[]) => tf.Tensor,
): void {
  const { scope, registry, dispose } = newScope();
  const forward = build(scope);
  const inputs = shapes.map((shape, i) => tf.variable(numbers(shape, i + 1)));
  // Where variables start alike, much cancels that should not.
  registry.forEach(({ variable }, i) => {
    tf.tidy(() => variable.assign(tf.add(variable, tf.mul(numbers(variable.shape, 20 + i), 0.3))));
  });
  const variables = [...inputs, ...registry.filter((one) => one.trainable).map((one) => one.variable)];
  const value = () => {
    const y = forward(...inputs);
    return tf.sum(tf.mul(y, numbers(y.shape, 99))) as tf.Scalar;
  };
  tf.tidy(() => {
    const { grads } = tf.variableGrads(value, variables);
    for (const variable of variables) {
      const found = grads[variable.name]?.dataSync() as Float32Array;
      const start = variable.dataSync().slice();
      const h = 1e-2;
      for (const i of sampled(start.length)) {
        const at = (by: number) =>
          tf.tidy(() => {
            const moved = start.slice();
            moved[i] = (moved[i] as number) + by;
            variable.assign(tf.tensor(moved, variable.shape));
            return value().dataSync()[0] as number;
          });
        const slope = (at(h) - at(-h)) / (2 * h);
        variable.assign(tf.tensor(start, variable.shape));
        expect(Math.abs((found[i] as number) - slope), `${variable.name} at ${i}: ${found[i]}, ${slope}`).toBeLessThan(
          5e-3 * Math.max(1, Math.abs(slope)),
        );
      }
    }
  });
  for (const input of inputs) input.dispose();
  dispose();
}

/** At most so many places, spread out. */
function sampled(length: number, most = 12): number[] {
  const every = Math.ceil(length / most);
  return Array.from({ length: Math.ceil(length / every) }, (_, i) => i * every);
}

/** Holds what a layer puts out and its gradients on wasm against those on cpu. */
export async function expectSameOnWasm(build: (scope: BuildScope) => (step: StepContext) => tf.Tensor): Promise<void> {
  const run = () => outputAndGradients(build);
  const [cpu, wasm] = [await onBackend('cpu', run), await onBackend('wasm', run)];
  expect(difference(wasm.output, cpu.output)).toBeLessThan(1e-4);
  for (const [path, gradient] of Object.entries(cpu.gradients)) {
    expect(difference(wasm.gradients[path] ?? [], gradient), path).toBeLessThan(1e-4);
  }
}

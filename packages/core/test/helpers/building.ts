import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../../src/contracts/batch.js';
import type { StepContext } from '../../src/contracts/encoder.js';
import type { BuildScope } from '../../src/contracts/parameters.js';
import { createRootScope, type Registry } from '../../src/model/build-scope.js';
import { uniformFloats } from '../../src/random/uniform-stream.js';

// Registering wasm would make it the default.
await tf.setBackend('cpu');

/** A root scope and what is registered in it. */
export function newScope(seed = 1, tasks: readonly string[] = ['a']) {
  const registry: Registry = [];
  const scope: BuildScope = createRootScope(tasks, seed, registry);
  return {
    scope,
    registry,
    paths: () => registry.map((registration) => registration.path),
    variable: (path: string) => find(registry, path).variable,
    dispose: () => {
      for (const { variable, owned } of registry) if (owned) variable.dispose();
    },
  };
}

function find(registry: Registry, path: string): Registry[number] {
  const found = registry.find((registration) => registration.path === path);
  if (found === undefined) throw new Error(`no ${path} in ${registry.map((one) => one.path).join(', ')}`);
  return found;
}

/** A step that notes what is asked for at random. */
export function newStep(training: boolean): StepContext & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    training,
    asked,
    uniform(path, shape) {
      asked.push(`${path} [${shape.join(', ')}]`);
      const size = shape.reduce((product, length) => product * length, 1);
      return tf.tensor(uniformFloats(size, 'step', path, asked.length), [...shape]);
    },
  };
}

export const evaluating = newStep(false);

export const float = (...shape: number[]): InputSpec => ({ shape, dtype: 'float32' });

/** The same numbers for the same shape and seed, between -1 and 1. */
export function numbers(shape: readonly number[], seed = 0): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    uniformFloats(size, 'numbers', seed).map((u) => 2 * u - 1),
    [...shape],
  );
}

/** Runs on a backend, and goes back. */
export async function onBackend<Result>(name: 'cpu' | 'wasm', run: () => Result): Promise<Result> {
  const before = tf.getBackend() || 'cpu';
  await tf.setBackend(name);
  try {
    return run();
  } finally {
    await tf.setBackend(before);
  }
}

/**
 * Builds on each backend with the same seed, runs, and gives what came out and the gradients of Σ y² with respect to every
 * trainable variable.
 */
export function outputAndGradients(
  build: (scope: BuildScope) => (step: StepContext) => tf.Tensor,
  training = true,
): { output: number[]; gradients: Record<string, number[]> } {
  const { scope, registry, dispose } = newScope();
  const forward = build(scope);
  const trainable = registry.filter((one) => one.trainable);
  const gradients: Record<string, number[]> = {};
  const output = tf.tidy(() => Array.from(forward(newStep(training)).dataSync()));
  const result = tf.tidy(() => {
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.square(forward(newStep(training)))),
      trainable.map((one) => one.variable),
    );
    for (const { path, variable } of trainable) {
      gradients[path] = Array.from((grads[variable.name] as tf.Tensor).dataSync());
    }
    return { output, gradients };
  });
  dispose();
  return result as { output: number[]; gradients: Record<string, number[]> };
}

/** Largest difference between two lists of numbers. */
export function difference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

/** Code of the error that `run` throws, with its message. */
export function errorOf(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code: code ?? 'none', message };
  }
  return { code: 'nothing thrown', message: '' };
}

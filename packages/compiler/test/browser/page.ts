// What the page under test runs: its functions are called from the test, by name.
import { type Executor, eager } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { auto, compiled } from '../../src/index.js';
import { type ModelName, train } from './runs.js';

/** Bytes as text, which is what travels between page and test. */
function asText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

async function report(model: ModelName, executor: Executor) {
  const before = tf.memory().numTensors;
  const started = performance.now();
  const { losses, scores, checkpoint } = await train(model, executor);
  return {
    losses,
    scores,
    checkpoint: asText(checkpoint),
    leaked: tf.memory().numTensors - before,
    milliseconds: performance.now() - started,
  };
}

const page = {
  async compiled(model: ModelName, threads: number, wasmPaths?: string) {
    await tf.setBackend('cpu');
    const fallbacks: string[] = [];
    const onFallback = (message: string) => fallbacks.push(message);
    const found = await report(
      model,
      compiled({ runtime: 'web', threads, onFallback, ...(wasmPaths && { wasmPaths }) }),
    );
    return { ...found, fallbacks };
  },
  async auto(model: ModelName) {
    const told: string[] = [];
    const found = await report(model, auto({ onChoice: (message) => told.push(message) }));
    return { ...found, told, backend: tf.getBackend() };
  },
  async eager(model: ModelName) {
    await tf.setBackend('cpu');
    return report(model, eager());
  },
  /** What `compiled()` says where it cannot run. */
  async refusal() {
    const { code, message } = await train('mlp', compiled()).then(
      () => ({ code: 'none', message: '' }),
      (error: { code: string; message: string }) => error,
    );
    return { code, message };
  },
};

/** What the test calls. */
export type Page = typeof page;

Object.assign(globalThis, { page });

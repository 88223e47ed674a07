import { type Executor, eager } from '@polytask/core';
import { useTfjsNode } from '@polytask/core/node';
import * as tf from '@tensorflow/tfjs';

/** An executor that trains in the benchmark. */
export interface Competitor {
  readonly name: string;
  /** The tfjs backend that it computes with; for the compiled one, the backend that variables are made on. */
  readonly backend: 'wasm' | 'cpu';
  readonly executor: () => Executor;
  /** Loads what it needs and sets the backend. */
  prepare(): Promise<unknown>;
}

/** Our executors, the compiled one first. */
export async function competitors(threads: number): Promise<readonly [Competitor, ...Competitor[]]> {
  const { compiled } = await import('@polytask/compiler');
  return [
    {
      name: 'Polytask, compiled',
      backend: 'cpu',
      executor: () => compiled({ threads }),
      prepare: () => tf.setBackend('cpu'),
    },
    { name: 'Polytask, eager wasm', backend: 'wasm', executor: eager, prepare: setWasm },
  ];
}

/** Sets the WebAssembly backend of tfjs, which is a package of its own. */
async function setWasm(): Promise<void> {
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
}

/** Loads the native backend of tfjs; says why where it is not there. */
export async function loadTfjsNode(threads: number): Promise<string | undefined> {
  process.env.TF_NUM_INTRAOP_THREADS ??= `${threads}`;
  process.env.TF_NUM_INTEROP_THREADS ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    await useTfjsNode();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

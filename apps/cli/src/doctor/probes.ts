import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  adam,
  createTrainer,
  type Executor,
  eager,
  mlp,
  PolytaskError,
  regression,
  tableDataset,
} from '@polytask/core';
import { findTfjsNode } from '@polytask/core/node';
import { type CodePlaces, useBackend } from '@polytask/experiment';
import { readManifest } from '@polytask/experiment/early';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import type { ProbeName, ProbeResult } from './probe.js';

/** What a probe finds where all is well; it throws where something is not. */
type Found = Pick<ProbeResult, 'versions' | 'threads' | 'folder'>;

/** Tries everything for real: loads it, computes what is known beforehand, and trains. */
export const probes: Readonly<Record<ProbeName, (code: CodePlaces) => Promise<Found>>> = {
  async compiled(code) {
    await useBackend('cpu', code);
    const { compiled } = await import('@polytask/compiler');
    const threads = Math.min(2, availableParallelism());
    const fallbacks: string[] = [];
    await trainALittle(compiled({ threads, onFallback: (message) => fallbacks.push(message) }));
    if (fallbacks.length > 0) throw new PolytaskError('POLYTASK_PACKAGE_FAILED', fallbacks.join(' '));
    const from = createRequire(import.meta.url).resolve('@polytask/compiler/package.json');
    return { versions: { 'onnxruntime-node': versionOf('onnxruntime-node', [import.meta.url, from]) }, threads };
  },
  async wasm(code) {
    await useBackend('wasm', code);
    await multiply();
    await trainALittle(eager());
    const { getThreadsCount } = await import('@tensorflow/tfjs-backend-wasm');
    const name = '@tensorflow/tfjs-backend-wasm';
    return { versions: { [name]: versionOf(name, [import.meta.url]) }, threads: getThreadsCount() };
  },
  async cpu(code) {
    await useBackend('cpu', code);
    await multiply();
    await trainALittle(eager());
    return { versions: { '@tensorflow/tfjs': tf.version.tfjs }, threads: 1 };
  },
  async node(code) {
    await useBackend('node', code);
    await multiply();
    await trainALittle(eager());
    const home = findTfjsNode(code.folders) as string;
    const { TF_Version = 'unknown' } = (tf.backend() as unknown as { binding?: { TF_Version?: string } }).binding ?? {};
    const threads = Number(process.env.TF_NUM_INTRAOP_THREADS ?? availableParallelism());
    const versions = {
      '@tensorflow/tfjs-node': versionOf('@tensorflow/tfjs-node', [join(home, 'package.json')]),
      TensorFlow: TF_Version,
    };
    return { versions, threads, folder: home };
  },
  async duckdb() {
    const data = createRequire(import.meta.url).resolve('@polytask/data/package.json');
    const file = createRequire(data).resolve(duckdbPackage);
    const { DuckDBInstance } = (await import(pathToFileURL(file).href)) as DuckDb;
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = (await connection.runAndReadAll('SELECT 6 * 7 AS answer, version() AS version')).getRowObjects();
    const { answer, version } = rows[0] as { answer: unknown; version: string };
    if (Number(answer) !== 42) throw new Error(`6 * 7 came out as ${answer}`);
    return {
      versions: { [duckdbPackage]: versionOf(duckdbPackage, [data]), DuckDB: version },
      threads: availableParallelism(),
    };
  },
};

/** The package that reads tables, where `@polytask/data` uses it. */
const duckdbPackage = '@duckdb/node-api';

interface DuckDb {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{ runAndReadAll(sql: string): Promise<{ getRowObjects(): unknown[] }> }>;
    }>;
  };
}

async function multiply(): Promise<void> {
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])));
  const [value] = await product.data();
  product.dispose();
  if (value !== 11) throw new Error(`1·3 + 2·4 came out as ${value}`);
}

/** A few steps of two tasks; their losses have to fall. */
async function trainALittle(executor: Executor): Promise<void> {
  const dataset = tableDataset({
    inputs: { x: { data: [0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2] } },
    columns: { sum: [0, 1, 1, 2], difference: [0, -1, 1, 0] },
  });
  const trainer = await createTrainer({
    tasks: [regression('sum'), regression('difference')],
    sharing: hardSharing({ encoder: mlp([8]) }),
    optimizer: adam({ learningRate: 0.05 }),
    executor,
    seed: 1,
  });
  try {
    const { tasks } = await trainer.fit(dataset, { epochs: 20, batchSize: 4 });
    for (const [name, { trainLoss }] of Object.entries(tasks)) {
      const [first = Number.NaN, last = Number.NaN] = [trainLoss[0], trainLoss.at(-1)];
      if (!(last < first / 2))
        throw new Error(`training did not learn: the loss of ${name} went from ${first} to ${last}`);
    }
  } finally {
    trainer.dispose();
  }
}

/** The version of a package as one of these files sees it. */
function versionOf(name: string, files: readonly string[]): string {
  for (const file of files) {
    try {
      // Not every package lets its manifest be asked for by name.
      let folder = dirname(createRequire(file).resolve(name));
      for (; folder !== dirname(folder); folder = dirname(folder)) {
        const { name: found, version } = manifestOf(folder);
        if (found === name && version !== undefined) return version;
      }
    } catch {
      // The next one may see it.
    }
  }
  return 'unknown';
}

function manifestOf(folder: string): { name?: string; version?: string } {
  try {
    return readManifest(folder);
  } catch {
    return {};
  }
}

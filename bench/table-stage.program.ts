// One stage of the benchmark `data` in a process of its own; prints one JSON document.
//   generate | load | train-compiled | train-wasm, rows, columns, folder
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { compiled } from '@polytask/compiler';
import {
  adam,
  classification,
  createTrainer,
  eager,
  type MultiTaskDataset,
  mlp,
  regression,
  sumOfLosses,
} from '@polytask/core';
import { loadTable } from '@polytask/data/node';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';

const [stage = '', rows = '', columns = '', folder = ''] = process.argv.slice(2);
const features = Number(columns) - 2;
const source = join(folder, `${rows}x${columns}.parquet`);
const steps = Number(process.env.BENCH_STEPS ?? 2000);
const batchSize = 256;
const began = performance.now();
/** The greatest memory of this process so far, as the system counted it. */
const peakMegabytes = () => Math.round(process.resourceUsage().maxRSS / 1024);
const done = (more: object = {}) => {
  const seconds = (performance.now() - began) / 1000;
  console.log(JSON.stringify({ seconds, peakMegabytes: peakMegabytes(), ...more }));
  process.exit(0);
};

const open = () =>
  loadTable({
    source,
    labels: [
      { column: 'y', kind: 'number' },
      { column: 'c', kind: 'class' },
    ],
    split: { test: 0.01, seed: 1 },
    cache: join(folder, 'cache'),
  });

if (stage === 'generate') {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(source)) {
    // 46 numbers of which some are missing, categories and a truth that depends on them.
    const expressions = Array.from({ length: features }, (_, f) =>
      f < 2
        ? `'kind-' || (hash(i, ${f}) % 12)::VARCHAR AS f${f}`
        : `CASE WHEN hash(i, ${f}) % 50 = 0 THEN NULL ELSE ((hash(i, ${f}) % 100000)::DOUBLE / 50000 - 1)::FLOAT END AS f${f}`,
    );
    const connection = await (await DuckDBInstance.create(':memory:', { memory_limit: '1GB', threads: '2' })).connect();
    await connection.run(
      `COPY (SELECT *, (coalesce(f2, 0) + coalesce(f3, 0) * 2)::FLOAT AS y, 'c' || (hash(f0, f1) % 5)::VARCHAR AS c ` +
        `FROM (SELECT ${expressions.join(', ')} FROM range(${rows}) t(i))) TO '${source}.part' (FORMAT parquet)`,
    );
    connection.closeSync();
    renameSync(`${source}.part`, source);
  }
  done({ megabytes: statSync(source).size / 2 ** 20 });
}

if (stage === 'load') {
  const { train, test, record } = await open();
  done({ train: train.size, test: test?.size, streamed: record.streamed });
}

const wasm = stage.endsWith('wasm');
if (wasm) setThreadsCount(2);
await tf.setBackend(wasm ? 'wasm' : 'cpu');
await tf.ready();
const { train } = await open();
let feeding = 0;
/** The data set, with a clock around what it takes to get a batch. */
const clocked: MultiTaskDataset = {
  ...train,
  open(options) {
    const cursor = train.open(options);
    return {
      ...cursor,
      async next() {
        const from = performance.now();
        const given = cursor.next();
        const batch = given instanceof Promise ? await given : given;
        feeding += performance.now() - from;
        return batch;
      },
    };
  },
};
const trainer = await createTrainer({
  tasks: [regression('y'), classification('c', { classes: 5 })],
  sharing: hardSharing({ encoder: mlp([128, 64]), head: mlp([32]) }),
  balancing: sumOfLosses(),
  optimizer: adam({ learningRate: 1e-3 }),
  executor: wasm ? eager() : compiled(),
  seed: 1,
});
const controller = new AbortController();
const warmup = Math.min(50, Math.floor(steps / 4));
let started = 0;
await trainer.fit(clocked, {
  epochs: 1_000_000,
  batchSize,
  signal: controller.signal,
  callbacks: [
    {
      stepEnd({ step }) {
        if (step + 1 === warmup) {
          started = performance.now();
          feeding = 0;
        }
        if (step + 1 === warmup + steps) controller.abort();
      },
    },
  ],
});
const stepMilliseconds = (performance.now() - started) / steps;
const feedMilliseconds = feeding / steps;
done({
  executor: stage.slice('train-'.length),
  steps,
  stepMilliseconds,
  feedMilliseconds,
  // Of the step without its feeding.
  share: feedMilliseconds / (stepMilliseconds - feedMilliseconds),
});

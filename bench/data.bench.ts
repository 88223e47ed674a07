// Whether rows that do not fit into memory feed a training step without holding it up: a generated table is converted, encoded
// and trained from disk, each in a process of its own, so that every one's greatest memory is seen.
// `node scripts/bench.mjs data`; BENCH_ROWS (default 10 000 000), BENCH_COLUMNS (50), BENCH_STEPS (2000), BENCH_FOLDER.
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const rows = Number(process.env.BENCH_ROWS ?? 10_000_000);
const columns = Number(process.env.BENCH_COLUMNS ?? 50);
const folder = process.env.BENCH_FOLDER ?? resolve('../.cache/bench-data');
const run = promisify(execFile);

async function stage<Result>(name: string): Promise<Result> {
  const program = join(import.meta.dirname, 'table-stage.program.mjs');
  const { stdout } = await run(process.execPath, [program, name, String(rows), String(columns), folder], {
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;
}

interface Stage {
  readonly seconds: number;
  readonly peakMegabytes: number;
}

interface Training extends Stage {
  readonly executor: string;
  readonly steps: number;
  readonly stepMilliseconds: number;
  readonly feedMilliseconds: number;
  readonly share: number;
}

console.log(`\n${rows} rows × ${columns} columns, in ${folder}`);
const generated = await stage<Stage & { megabytes: number }>('generate');
console.log(`Generated ${Math.round(generated.megabytes)} MB of Parquet.`);
const loaded = await stage<Stage>('load');
console.log(
  `Converted, split, learned and encoded: ${loaded.seconds.toFixed(1)} s, at most ${loaded.peakMegabytes} MB resident.`,
);
const again = await stage<Stage>('load');
console.log(`Opened again: ${again.seconds.toFixed(1)} s, at most ${again.peakMegabytes} MB resident.`);
const results = [];
for (const executor of ['compiled', 'wasm']) results.push(await stage<Training>(`train-${executor}`));
console.table(
  results.map(({ executor, steps, stepMilliseconds, feedMilliseconds, share, peakMegabytes }) => ({
    executor,
    steps,
    'step, mean ms': stepMilliseconds.toFixed(3),
    'feeding, mean ms': feedMilliseconds.toFixed(3),
    'feeding / step': `${(100 * share).toFixed(1)} %`,
    'peak MB': peakMegabytes,
  })),
);
const most = Math.max(loaded.peakMegabytes, ...results.map(({ peakMegabytes }) => peakMegabytes));
const right = most <= 1536 && results.every(({ share }) => share <= 0.2);
console.log(right ? '\nWithin 1.5 GB and 20 %.' : '\nNot within 1.5 GB and 20 %.');
if (!right) process.exitCode = 1;

// How good models are with no tuning, against scikit-learn, LightGBM and PyTorch on the same rows.
//   --tables diabetes,movies (all); --seeds 5; --config: a JSON that is put over every run file, to try other defaults
//   --ours: without the peers
//   --peers FOLDER: keeps what peers measured in this folder, by table, and takes it from there the next time; --only-peers: only that
//   BENCH_PYTHON: the Python that has scikit-learn, lightgbm and torch; without it only ours are measured
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { loadConfig, prepareRun, runExperiment } from '@polytask/experiment';
import { writeForPeers } from './contenders/quality-rows.js';
import { type QualityTable, qualityTables } from './contenders/quality-tables.js';

const { values: given } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    tables: { type: 'string' },
    seeds: { type: 'string', default: '5' },
    config: { type: 'string', default: '{}' },
    ours: { type: 'boolean', default: false },
    peers: { type: 'string' },
    'only-peers': { type: 'boolean', default: false },
  },
});
const seeds = Number(given.seeds);
const changes = JSON.parse(given.config) as Record<string, unknown>;
const chosen = given.tables?.split(',') ?? qualityTables.map(({ name }) => name);
const python = process.env.BENCH_PYTHON;

/** By task and metric, a value per seed. */
type Measured = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** What is compared: one number by type of task, then what else is shown. */
const metrics = {
  regression: ['r2'],
  binary: ['auc', 'logLoss'],
  classification: ['logLoss', 'accuracy'],
} as const;
const higher = (metric: string) => metric !== 'logLoss';

const folder = await mkdtemp(join(tmpdir(), 'polytask-quality-'));
try {
  if (python !== undefined) await ask('tables', folder);
  for (const table of qualityTables.filter(({ name }) => chosen.includes(name))) {
    if (table.fromPeers && python === undefined) {
      console.log(`### ${table.name}\n\nSkipped: its rows come with scikit-learn; set BENCH_PYTHON.\n`);
    } else await compare(table);
  }
} finally {
  await rm(folder, { recursive: true });
}

async function compare(table: QualityTable): Promise<void> {
  const data = { ...table.data(folder), ...(changes.data as object | undefined) };
  const config = { tasks: table.tasks, split: { column: 'part' }, threads: 1, ...changes, data };
  if (given['only-peers']) return void (await keptPeers(table, config));
  const started = performance.now();
  const ours: Record<string, Record<string, number[]>> = {};
  const epochs: number[] = [];
  let rows = '';
  for (let seed = 1; seed <= seeds; seed++) {
    const output = join(folder, `${table.name}-${seed}`);
    const document = await runExperiment({ ...config, seed }, { folder, output });
    rows = `${document.rows.train} training, ${document.rows.validation} validation, ${document.rows.test} test`;
    epochs.push(document.joint?.epochs ?? 0);
    for (const { name, type } of table.tasks) {
      for (const metric of metrics[type]) {
        const values = ours[name]?.[metric] ?? [];
        values.push(Number(document.joint?.tasks?.[name]?.[metric]));
        ours[name] = { ...ours[name], [metric]: values };
      }
    }
    await rm(output, { recursive: true });
  }
  const seconds = (performance.now() - started) / 1000 / seeds;
  const peers = python === undefined || given.ours ? {} : await keptPeers(table, config);
  console.log(`### ${table.name}\n\n${rows}; epochs ${epochs.join(', ')}; ${seconds.toFixed(1)} s per run\n`);
  print(table, { ...peers, Polytask: ours });
}

/** What peers measured before on these very rows, or now. */
async function keptPeers(table: QualityTable, config: Record<string, unknown>): ReturnType<typeof measurePeers> {
  if (given.peers === undefined) return measurePeers(table, config);
  const file = resolve(given.peers, `${table.name}-${seeds}.json`);
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as Record<string, Measured>;
  const measured = await measurePeers(table, config);
  await mkdir(given.peers, { recursive: true });
  await writeFile(file, JSON.stringify(measured));
  return measured;
}

/** The peers on the numbers that our network gets, but for pieces. */
async function measurePeers(
  table: QualityTable,
  config: Record<string, unknown>,
): Promise<Readonly<Record<string, Measured>>> {
  const file = join(folder, `${table.name}.yaml`);
  // They get numbers as they are: pieces are our own idea of what a network should see.
  await writeFile(file, JSON.stringify({ ...config, data: { ...(config.data as object), pieces: 0 } }));
  const { data, tasks } = await prepareRun(await loadConfig({ file, cwd: folder }));
  const spec = join(folder, `${table.name}.json`);
  await writeForPeers(spec, data, tasks);
  return JSON.parse(await ask('measure', spec, `${seeds}`)) as Record<string, Measured>;
}

async function ask(...words: readonly string[]): Promise<string> {
  const run = promisify(execFile);
  const { stdout } = await run(python ?? 'python3', [resolve('peers/quality.py'), ...words], { maxBuffer: 2 ** 26 });
  return stdout;
}

/** A row per contender; then, for ours, whether each goal is reached. */
function print(table: QualityTable, contenders: Readonly<Record<string, Measured>>): void {
  const columns = table.tasks.flatMap(({ name, type }) => metrics[type].map((metric) => ({ name, metric })));
  console.log(
    `| | ${columns.map(({ name, metric }) => `${name} ${metric} ${higher(metric) ? '↑' : '↓'}`).join(' | ')} |`,
  );
  console.log(`| --- ${columns.map(() => '| ---: ').join('')}|`);
  for (const [contender, measured] of Object.entries(contenders)) {
    const cells = columns.map(({ name, metric }) => cell(measured[name]?.[metric] ?? []));
    console.log(`| ${contender} | ${cells.join(' | ')} |`);
  }
  const goals = table.tasks.map(({ name, type }) => `${name}: ${verdict(name, metrics[type][0], contenders)}`);
  console.log(`\n${goals.join('; ')}\n`);
}

function cell(values: readonly number[]): string {
  const { mean, spread } = statistics(values);
  if (Number.isNaN(mean)) return '–';
  return values.length > 1 && spread > 0 ? `${mean.toFixed(3)} ± ${spread.toFixed(3)}` : mean.toFixed(3);
}

/** Mean and standard deviation of a sample. */
function statistics(values: readonly number[]): { readonly mean: number; readonly spread: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** Ours against each kind of peer, beyond one spread. */
function verdict(task: string, metric: string, contenders: Readonly<Record<string, Measured>>): string {
  const of = (name: string) => statistics(contenders[name]?.[task]?.[metric] ?? []);
  const sign = higher(metric) ? 1 : -1;
  const ours = of('Polytask');
  const against = (label: string, names: readonly string[]) => {
    const values = names.map((name) => of(name)).filter(({ mean }) => !Number.isNaN(mean));
    if (values.length === 0) return [];
    const best = values.reduce((a, b) => (sign * b.mean > sign * a.mean ? b : a));
    const difference = sign * (ours.mean - best.mean);
    const spread = Math.max(ours.spread, best.spread);
    return [`${difference > 0 ? 'above' : difference >= -spread ? 'within a spread of' : 'BELOW'} ${label}`];
  };
  return [
    ...against('linear', ['ridge, logistic']),
    ...against('torch', ['torch', 'torch, our shape']),
    ...against('trees', ['random forest', 'LightGBM']),
  ].join(', ');
}

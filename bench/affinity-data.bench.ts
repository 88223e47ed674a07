// How well cheap measures of relatedness tell what joint training gains on real data, and what they cost: six tasks of MultiMNIST and six
// of films, alone, in all pairs and all together, by `analyzeRun`; and what groups that follow are worth.
//   BENCH_TABLES: which of digits and movies (both); BENCH_SEEDS: how many seeds (5)
//   BENCH_FOLDER: where runs are kept; a seed that is there already is not trained again
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printEvidence } from './contenders/affinity-evidence.js';
import { printGroupings } from './contenders/affinity-groups.js';
import { runsOf, type SeedRuns } from './contenders/affinity-runs.js';
import { affinityTables } from './contenders/affinity-tables.js';

const chosen = (process.env.BENCH_TABLES ?? 'digits,movies').split(',');
const seeds = Array.from({ length: Number(process.env.BENCH_SEEDS ?? 5) }, (_, n) => n + 1);
const kept = process.env.BENCH_FOLDER;
const folder = kept ?? (await mkdtemp(join(tmpdir(), 'polytask-affinity-')));
try {
  for (const table of affinityTables.filter(({ name }) => chosen.includes(name))) {
    const place = { folder: join(folder, table.name), code: join(import.meta.dirname, 'contenders') };
    const runs: SeedRuns[] = [];
    for (const seed of seeds) runs.push(await runsOf(table, seed, place));
    console.log(`### ${table.name}, ${seeds.length} seeds\n`);
    printEvidence(runs);
    await printGroupings(table, runs, place);
  }
} finally {
  if (kept === undefined) await rm(folder, { recursive: true });
}

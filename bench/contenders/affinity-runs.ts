import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnalysisDocument, analyzeRun, type RunDocument, runExperiment } from '@polytask/experiment';
import type { AffinityTable } from './affinity-tables.js';

/** What one seed gave. */
export interface SeedRuns {
  readonly seed: number;
  /** With all pairs of tasks. */
  readonly analysis: AnalysisDocument;
  /** The joint training with each observer alone, by its name, and with none. */
  readonly observed: { readonly [observer: string]: Joint };
}

type Joint = NonNullable<RunDocument['joint']>;

/** Observers, each in a training of its own, since its cost is asked for. */
const watchers = ['gradient-similarity', 'first-order-affinity', 'lookahead-affinity', 'proximal-affinity', 'task2vec'];

/** Where runs leave their folders, and where the code lies that they name. */
export interface Place {
  readonly folder: string;
  readonly code: string;
}

/** What a seed gave when it was measured before, or what it gives now. */
export async function runsOf(table: AffinityTable, seed: number, place: Place): Promise<SeedRuns> {
  const file = join(place.folder, `${seed}.json`);
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before !== undefined) return JSON.parse(before) as SeedRuns;
  await mkdir(place.folder, { recursive: true });
  const runs = await measured(table, seed, place);
  await writeFile(file, JSON.stringify(runs));
  return runs;
}

/** Analyses a table with one seed, and trains it once with each observer. */
async function measured({ config, interval }: AffinityTable, seed: number, place: Place): Promise<SeedRuns> {
  const observed: Record<string, Joint> = {};
  for (const use of ['none', ...watchers]) {
    const observers = use === 'none' ? [] : [{ use, interval }];
    observed[use] = await trainJoint({ ...config, observers, seed }, `${seed}-${use}`, place);
  }
  const output = await mkdtemp(join(place.folder, `${seed}-analysis-`));
  const analysis = await analyzeRun({ ...config, seed }, { folder: place.code, output, joint: ['pairs'] });
  return { seed, analysis, observed };
}

/** Trains the tasks of a run file together. */
export async function trainJoint(config: object, name: string, { folder, code }: Place): Promise<Joint> {
  const output = await mkdtemp(join(folder, `${name}-`));
  const { joint } = await runExperiment({ ...config, compare: 'none' }, { folder: code, output });
  if (joint?.tasks === undefined) throw new Error(`The run ${name} was stopped.`);
  return joint;
}

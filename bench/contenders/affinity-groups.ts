import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  affinityScore,
  bestGrouping,
  cutTree,
  hierarchicalClustering,
  relativeGain,
} from '../../packages/analysis/src/index.js';
import { branchesFor } from '../../packages/experiment/src/analysis/grouping-stage.js';
import { gainsOf, type Matrix, meanOf, measuresOf, spreadText } from './affinity-evidence.js';
import { type Place, type SeedRuns, trainJoint } from './affinity-runs.js';
import type { AffinityTable } from './affinity-tables.js';

/** Groups of tasks by name, with the one that each task is taken from. */
interface Served {
  readonly groups: readonly (readonly string[])[];
  readonly servedBy: { readonly [task: string]: number };
}

type Scores = Readonly<Record<string, number | null>>;

const budget = 3;

/**
 * Prints what groups are worth that one seed's measures suggest, trained with the next seed: the mean gain over each task alone, of a network
 * for each group and of one whose last layer branches by group.
 */
export async function printGroupings(table: AffinityTable, runs: readonly SeedRuns[], place: Place): Promise<void> {
  const found: Record<string, number[]> = {};
  const add = (name: string, gain: number) => {
    found[name] = [...(found[name] ?? []), gain];
  };
  for (const [n, run] of runs.entries()) {
    const test = runs[(n + 1) % runs.length] as SeedRuns;
    const scores = scoresBy(table, test, place);
    const names = test.analysis.tasks.map(({ name }) => name);
    add('all together', await gainOf(test, scores, () => names));
    add('three pairs at random', 100 * meanOf(gainsOf(test).flat().filter(Number.isFinite)));
    for (const [name, served] of Object.entries(groupingsOf(run, names))) {
      add(
        `three networks, ${name}`,
        await gainOf(test, scores, (task) => served.groups[served.servedBy[task] as number] ?? []),
      );
      if (name === 'by CKA') continue;
      const branched = await trainBranches(table, served, test, place);
      add(
        `three branches, ${name}`,
        await gainOf(
          test,
          async () => branched,
          () => names,
        ),
      );
    }
  }
  console.log('| groups | mean gain over each task alone, % | over all together, seed by seed |');
  console.log('| --- | ---: | ---: |');
  const together = found['all together'] as number[];
  for (const [name, gains] of Object.entries(found)) {
    const over = spreadText(
      gains.map((gain, n) => gain - (together[n] as number)),
      1,
    );
    console.log(`| ${name} | ${spreadText(gains, 1)} | ${name === 'all together' ? '' : over} |`);
  }
  console.log();
}

/** By lookahead affinity, gains and cosines the best cover, by CKA clusters. */
function groupingsOf(run: SeedRuns, names: readonly string[]): Record<string, Served> {
  const measures = measuresOf(run);
  const named = (groups: readonly (readonly number[])[], servedBy: (task: number) => number): Served => ({
    groups: groups.map((group) => group.map((task) => names[task] as string)),
    servedBy: Object.fromEntries(names.map((name, task) => [name, servedBy(task)])),
  });
  const covered = (matrix: Matrix) => {
    const found = bestGrouping({ tasks: names.length, score: affinityScore(matrix), budget });
    return named(found.groups, (task) => found.servedBy[task] as number);
  };
  const matrix = (name: string) => measures[name]?.matrix as Matrix;
  const clusters = cutTree(
    hierarchicalClustering(matrix('CKA of features').map((row) => row.map((value) => 1 - value))),
    budget,
  );
  const best = run.analysis.jointRuns?.cover?.byBudget.find((one) => one.budget === budget);
  return {
    'by gradient cosine': covered(zeroed(matrix('gradient cosine'))),
    'by lookahead affinity': covered(matrix('lookahead affinity')),
    'by CKA': named(clusters, (task) => clusters.findIndex((cluster) => cluster.includes(task))),
    'by gains of pairs': best as Served,
  };
}

/** With nothing on the diagonal, where some measures have 1 and some no number. */
function zeroed(matrix: Matrix): Matrix {
  return matrix.map((row, i) => row.map((value, j) => (i === j ? 0 : value)));
}

/** In percent, the mean over tasks, each taken from the network of its group. */
async function gainOf(
  { analysis }: SeedRuns,
  scores: (group: readonly string[]) => Promise<Scores>,
  groupOf: (task: string) => readonly string[],
): Promise<number> {
  const gains: number[] = [];
  for (const { name, primaryMetric, better } of analysis.tasks) {
    const alone = analysis.singleTask?.[name]?.tasks?.[name]?.[primaryMetric] as number;
    const score = (await scores(groupOf(name)))[name] as number;
    gains.push(100 * relativeGain(alone, score, better[primaryMetric] ?? 'lower'));
  }
  return meanOf(gains);
}

/** Primary metrics of tasks that are trained together; of those that the analysis has trained, what it found. */
function scoresBy({ name: table, config }: AffinityTable, { analysis, seed }: SeedRuns, place: Place) {
  return (group: readonly string[]): Promise<Scores> => {
    const key = [...group].sort().join();
    const before = analysis.jointRuns?.trained.find((one) => [...one.tasks].sort().join() === key)?.scores;
    if (before !== undefined) return Promise.resolve(before);
    const tasks = config.tasks.filter(({ name }) => group.includes(name));
    return once(`${table}-${seed}-${key}`, analysis, { ...config, tasks, seed }, place);
  };
}

/** Primary metrics of all tasks in one network whose last layer branches by group. */
function trainBranches({ name, config }: AffinityTable, served: Served, { analysis, seed }: SeedRuns, place: Place) {
  const { sharing } = config;
  const { units } = (sharing as { encoder: { units: readonly number[] } }).encoder;
  const branched = branchesFor(served as never, sharing as Record<string, unknown>, units.length);
  const key = `${name}-${seed}-${branched === undefined ? 'one' : JSON.stringify(branched.tree)}`;
  return once(key, analysis, { ...config, sharing: branched ?? sharing, seed }, place);
}

/** Trains what was not trained before. */
async function once(key: string, { tasks }: SeedRuns['analysis'], config: object, place: Place): Promise<Scores> {
  const file = join(place.folder, `group-${key.replaceAll(/\W+/g, '-')}.json`);
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before !== undefined) return JSON.parse(before) as Scores;
  const joint = await trainJoint(config, 'group', place);
  const scores = Object.fromEntries(
    tasks.map(({ name, primaryMetric }) => [name, (joint.tasks?.[name]?.[primaryMetric] ?? null) as number | null]),
  );
  await writeFile(file, JSON.stringify(scores));
  return scores;
}

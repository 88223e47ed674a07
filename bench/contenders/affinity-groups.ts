import { cutTree, hierarchicalClustering, relativeGain } from '../../packages/analysis/src/index.js';
import { meanOf, spreadText } from './affinity-evidence.js';
import { type Place, type SeedRuns, trainJoint } from './affinity-runs.js';
import type { AffinityTable } from './affinity-tables.js';

/** Groups of tasks by name, with the one that each task is taken from. */
interface Served {
  readonly groups: readonly (readonly string[])[];
  readonly servedBy: { readonly [task: string]: number };
}

const budget = 3;

/** Prints what groups are worth that one seed's measures suggest, trained with the next seed: mean gain over each task alone. */
export async function printGroupings(table: AffinityTable, runs: readonly SeedRuns[], place: Place): Promise<void> {
  const names = table.config.tasks.map(({ name }) => name);
  const found: Record<string, number[]> = {};
  for (const [n, run] of runs.entries()) {
    const test = runs[(n + 1) % runs.length] as SeedRuns;
    for (const [name, served] of Object.entries(groupingsOf(run, names)))
      found[name] = [...(found[name] ?? []), await gainOf(table, served, test, place)];
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

function groupingsOf({ analysis }: SeedRuns, names: readonly string[]): Record<string, Served> {
  const { grouping, jointRuns, features } = analysis;
  const best = (all: readonly (Served & { readonly budget: number })[] | undefined) =>
    all?.find((one) => one.budget === budget) as Served;
  const cka = features?.cka.map((row) => row.map((value) => 1 - (value ?? 0))) ?? [];
  const clusters = cutTree(hierarchicalClustering(cka), budget);
  return {
    'all together': { groups: [names], servedBy: Object.fromEntries(names.map((name) => [name, 0])) },
    'three, by lookahead affinity': best(grouping?.byBudget),
    'three, by CKA': {
      groups: clusters.map((cluster) => cluster.map((task) => names[task] as string)),
      servedBy: Object.fromEntries(
        names.map((name, task) => [name, clusters.findIndex((cluster) => cluster.includes(task))]),
      ),
    },
    'three, by gains of pairs': best(jointRuns?.cover?.byBudget),
  };
}

/** In percent, the mean over tasks. */
async function gainOf(
  table: AffinityTable,
  { groups, servedBy }: Served,
  test: SeedRuns,
  place: Place,
): Promise<number> {
  const { tasks } = test.analysis;
  const gains: number[] = [];
  for (const { name, primaryMetric, better } of tasks) {
    const group = groups[servedBy[name] as number] as readonly string[];
    const alone = (await scoresOf(table, [name], test, place))[name] as number;
    const score = (await scoresOf(table, group, test, place))[name] as number;
    gains.push(100 * relativeGain(alone, score, better[primaryMetric] ?? 'lower'));
  }
  return meanOf(gains);
}

const trained = new Map<string, Readonly<Record<string, number | null>>>();

/** Primary metrics of tasks that are trained together; of those that the analysis has trained, what it found. */
async function scoresOf(table: AffinityTable, group: readonly string[], { analysis, seed }: SeedRuns, place: Place) {
  const key = [...group].sort().join();
  const before = analysis.jointRuns?.trained.find((one) => [...one.tasks].sort().join() === key)?.scores;
  if (before !== undefined) return before;
  const place2 = `${table.name} ${seed} ${key}`;
  const known = trained.get(place2);
  if (known !== undefined) return known;
  const tasks = table.config.tasks.filter(({ name }) => group.includes(name));
  const joint = await trainJoint({ ...table.config, tasks, seed }, place2.replaceAll(/\W+/g, '-'), place);
  const scores = Object.fromEntries(
    analysis.tasks
      .filter(({ name }) => group.includes(name))
      .map(({ name, primaryMetric }) => [name, joint.tasks?.[name]?.[primaryMetric] as number]),
  );
  trained.set(place2, scores);
  return scores;
}

import { spearmanCorrelation } from '../../packages/analysis/src/index.js';
import type { SeedRuns } from './affinity-runs.js';

/** Row i, column j: what i has to do with j; NaN where that is not known. */
export type Matrix = readonly (readonly number[])[];

/** What each measure says, and what it costs in joint trainings. */
type Measures = Readonly<Record<string, { readonly matrix: Matrix; readonly cost: number }>>;

/** Prints how each measure goes with the gains of pairs. A seed's measures are compared with the mean gains of the other seeds. */
export function printEvidence(runs: readonly SeedRuns[]): void {
  const names = (runs[0] as SeedRuns).analysis.tasks.map(({ name }) => name);
  const measures = runs.map(measuresOf);
  const gains = runs.map(gainsOf);
  const all = meanMatrix(gains);
  console.log('| gain of (column) by (row), % |', names.join(' | '), '|');
  console.log('| --- |', names.map(() => '---:').join(' | '), '|');
  for (const [i, name] of names.entries())
    console.log(`| ${name} | ${names.map((__, j) => (i === j ? '' : gainText(gains, i, j))).join(' | ')} |`);
  console.log('\n| measure | all pairs | within a task | by chance | partner’s gain, % | cost |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const name of Object.keys(measures[0] as Measures)) {
    const of = measures.map((one) => one[name]?.matrix as Matrix);
    // Some have no number for most tasks, such as those that are for classes.
    if (
      of.some(
        (matrix) => matrix.flatMap((row, i) => row.filter((value, j) => i !== j && Number.isFinite(value))).length < 15,
      )
    )
      continue;
    const others = gains.map((_, seed) => meanMatrix(gains.filter((__, other) => other !== seed)));
    const row = [
      spreadText(
        of.map((matrix, seed) => overall(matrix, others[seed] as Matrix)),
        2,
      ),
      spreadText(
        of.map((matrix, seed) => withinTasks(matrix, others[seed] as Matrix)),
        2,
      ),
      chance(meanMatrix(of), all).toFixed(3),
      spreadText(
        of.map((matrix, seed) => partnersGain(matrix, others[seed] as Matrix)),
        1,
      ),
      meanOf(measures.map((one) => one[name]?.cost as number)).toFixed(2),
    ];
    console.log(`| ${name} | ${row.join(' | ')} |`);
  }
  const any = partnersGain(
    all.map((row) => row.map(() => 0)),
    all,
  );
  const [mean, best] = [any, partnersGain(all, all)].map((gain) => spreadText([gain], 1));
  console.log(`\nPartner's gain: of any partner ${mean} % in the mean, of the best ${best} %.\n`);
}

/** All measures of one seed. */
export function measuresOf({ analysis, observed }: SeedRuns): Measures {
  const names = analysis.tasks.map(({ name }) => name);
  const { labels, errors, features, transfer, inputs, units, jointRuns, stages, singleTask = {} } = analysis;
  const time = (joint: { seconds: { training: number; evaluation: number } } | undefined) =>
    (joint?.seconds.training ?? 0) + (joint?.seconds.evaluation ?? 0);
  const one = time(observed.none);
  const stage = (part: string) =>
    stages.filter(({ name }) => name.includes(part)).reduce((sum, { seconds }) => sum + seconds, 0);
  const alone = Object.values(singleTask).reduce((sum, network) => sum + time(network), 0);
  const seen = (name: string) => observed[name]?.observations?.[name] as Record<string, Matrix>;
  const { shared = {} } = ((seen('gradient-similarity') as never as { blocks?: object }).blocks ?? {}) as {
    shared?: Record<string, Matrix>;
  };
  type Pair = { readonly tasks: readonly [string, string] };
  const between = <Of extends Pair>(pairs: readonly Of[] = [], value: (pair: Of) => number | null | undefined) => {
    const found = names.map(() => names.map(() => Number.NaN));
    for (const pair of pairs) {
      const [i, j] = pair.tasks.map((task) => names.indexOf(task)) as [number, number];
      for (const [a, b] of [
        [i, j],
        [j, i],
      ] as const)
        (found[a] as number[])[b] = value(pair) ?? Number.NaN;
    }
    return found;
  };
  const size = (value: number | null | undefined) => Math.abs(value ?? Number.NaN);
  const minus = (matrix: Matrix | undefined) => known(matrix).map((row) => row.map((value) => -value));
  const information = names.map((a) =>
    names.map((b) => {
      const pair = errors?.pairs.find(({ tasks }) => tasks.includes(a) && tasks.includes(b) && a !== b);
      // The first number is what the second's prediction adds to the first.
      return pair?.information[pair.tasks[0] === b ? 0 : 1] ?? Number.NaN;
    }),
  );
  const all: Record<string, [matrix: Matrix, seconds: number]> = {
    'dependence of labels': [between(labels?.pairs, ({ value }) => size(value)), stage('how labels')],
    'information of labels': [
      between(labels?.pairs, ({ adjustedInformation }) => adjustedInformation),
      stage('how labels'),
    ],
    'gradient cosine': [known(shared.cosine), time(observed['gradient-similarity'])],
    'conflict rate (−)': [minus(shared.conflictRate), time(observed['gradient-similarity'])],
    'magnitude similarity': [known(shared.magnitudeSimilarity), time(observed['gradient-similarity'])],
    'first-order affinity': [known(seen('first-order-affinity').affinity), time(observed['first-order-affinity'])],
    'lookahead affinity': [known(seen('lookahead-affinity').affinity), time(observed['lookahead-affinity'])],
    'proximal affinity': [known(seen('proximal-affinity').affinity), time(observed['proximal-affinity'])],
    'Task2Vec (−)': [minus(seen('task2vec').distance), time(observed.task2vec)],
    'needs of inputs': [known(inputs?.overlap), one + stage('needs of the inputs')],
    'needs of units': [known(units?.overlap), one + stage('needs of the trunk')],
    'residual dependence': [
      between(errors?.pairs, ({ residualDependence }) => size(residualDependence)),
      one + stage('where errors'),
    ],
    'conditional information': [information, one + stage('where errors')],
    'CKA of features': [known(features?.cka), alone + stage('how alike')],
    'RSA of features': [known(features?.rsa), alone + stage('how alike')],
    'SVCCA of features': [known(features?.svcca), alone + stage('how alike')],
    LogME: [known(transfer?.logMe), alone + stage('what features hold')],
    'H-score': [known(transfer?.hScore), alone + stage('what features hold')],
    TransRate: [known(transfer?.transRate), alone + stage('what features hold')],
    LEEP: [known(transfer?.leep), alone + stage('what features hold')],
    'gain of a frozen head': [known(transfer?.headGains), alone + stage('heads on')],
    'gain of the pair, one seed': [known(jointRuns?.pairs?.gains), alone + stage('gains of tasks')],
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, [matrix, seconds]]) => [name, { matrix, cost: seconds / one }]),
  );
}

/** What each task gained by each other in one seed. */
export function gainsOf({ analysis }: SeedRuns): Matrix {
  return known(analysis.jointRuns?.pairs?.gains);
}

/** null is what JSON has for a number that is not known. */
function known(matrix: readonly (readonly (number | null)[])[] | undefined): Matrix {
  return (matrix ?? []).map((row) => row.map((value) => value ?? Number.NaN));
}

function overall(measure: Matrix, gains: Matrix): number {
  return ranks(
    measure.flatMap((row, i) =>
      row.flatMap((value, j) => (i === j ? [] : [[value, gains[i]?.[j] as number] as const])),
    ),
  );
}

/** Of each task, how its partners are ranked; the mean over tasks. */
function withinTasks(measure: Matrix, gains: Matrix): number {
  const each = gains.map((_, j) => ranks(partners(measure, gains, j)));
  return meanOf(each.filter(Number.isFinite));
}

function partners(measure: Matrix, gains: Matrix, task: number) {
  return gains.flatMap((row, i) =>
    i === task ? [] : [[measure[i]?.[task] ?? Number.NaN, row[task] as number] as const],
  );
}

/** Of fewer pairs a rank correlation says nothing. */
const fewest = 4;

function ranks(pairs: readonly (readonly [number, number])[]): number {
  const both = pairs.filter((pair) => pair.every(Number.isFinite));
  if (both.length < fewest) return Number.NaN;
  return spearmanCorrelation(
    both.map(([value]) => value),
    both.map(([, gain]) => gain),
  );
}

/** Mean over tasks of the gain with the partner that the measure names; of several that it does not tell apart, their mean. In percent. */
function partnersGain(measure: Matrix, gains: Matrix): number {
  const each = gains.map((_, task) => {
    const all = partners(measure, gains, task).filter(([value]) => Number.isFinite(value));
    const most = Math.max(...all.map(([value]) => value));
    return meanOf(all.filter(([value]) => value === most).map(([, gain]) => 100 * gain));
  });
  return meanOf(each.filter(Number.isFinite));
}

/** How many of all ways to name the tasks anew give at least as high a rank correlation: rows and columns move together (Mantel's test). */
function chance(measure: Matrix, gains: Matrix): number {
  const reached = overall(measure, gains);
  if (!Number.isFinite(reached)) return Number.NaN;
  const orders = permutations(measure.map((_, task) => task));
  const renamed = (order: readonly number[]) => order.map((i) => order.map((j) => measure[i]?.[j] as number));
  return orders.filter((order) => overall(renamed(order), gains) >= reached - 1e-9).length / orders.length;
}

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first) => permutations(items.filter((item) => item !== first)).map((rest) => [first, ...rest]));
}

function meanMatrix(matrices: readonly Matrix[]): Matrix {
  return (matrices[0] as Matrix).map((row, i) =>
    row.map((_, j) => meanOf(matrices.map((one) => one[i]?.[j] as number))),
  );
}

function gainText(gains: readonly Matrix[], i: number, j: number): string {
  return spreadText(
    gains.map((one) => 100 * (one[i]?.[j] as number)),
    1,
  );
}

/** Mean ± standard deviation. */
export function spreadText(values: readonly number[], digits: number): string {
  const mean = meanOf(values);
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  if (!Number.isFinite(mean)) return '–';
  const text = `${mean.toFixed(digits)}${Number.isFinite(spread) ? ` ± ${spread.toFixed(digits)}` : ''}`;
  return text.replace(/^-(?=0\.?0*( |$))/, '').replaceAll('-', '−');
}

/** The mean. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

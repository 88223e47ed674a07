import {
  type AnyTask,
  type Batch,
  describePart,
  number,
  type OptionsOf,
  type ParameterLayout,
  type ProbePrimitives,
  type Segment,
  uniformStream,
  whole,
  withDefault,
} from '@polytask/core';
import { type LinearisedRow, type LinearisedTask, subsetLosses } from '../joint/subset-losses.js';
import { sampleSubsets } from '../joint/surrogate-model.js';
import { keepSeen } from './keep-seen.js';
import { oneRow } from './one-row.js';
import { addPair, noPairs, type PairSums, pairMeans } from './pair-means.js';

const options = {
  rows: withDefault(
    whole({ from: 1 }),
    256,
    'Training rows that a look takes one by one, and as many of the validation data.',
  ),
  width: withDefault(
    whole({ from: 1 }),
    800,
    'Numbers that a gradient in shared parameters is sketched by, and one in those of a single task; of fewer parameters the gradient itself is taken.',
    'paper: 200 for both',
  ),
  size: withDefault(whole({ from: 2 }), 2, 'Tasks of each set.'),
  sets: withDefault(whole({ from: 1 }), 200, 'How many sets of tasks; all there are where they are fewer.', 'paper'),
  learningRate: withDefault(number({ above: 0 }), 0.1, 'η of the gradient descent that fine-tuning is taken for.'),
  steps: withDefault(whole({ from: 1 }), 50, 'How many steps of it.'),
  interval: withDefault(whole({ from: 1 }), 500, 'Steps from one look to the next.'),
};

/** Options of {@link gradTae}. */
export type GradTaeOptions = OptionsOf<typeof options>;

/**
 * Grad-TAE: estimates what tasks would do for each other if the model as it stands were fine-tuned on sets of them, without training
 * any: {@link subsetLosses} on sketches of the gradients of single rows.
 *
 * $$ Z_{i \to j} = \operatorname{mean}_{S \ni i, j} \Big( 1 - \frac{\hat L_j(S)}{\hat L_j(\{j\})} \Big), \qquad
 * \tilde g = P^\top g, \quad P \in \{-1, 0, 1\}^{n \times p} $$
 *
 * where $\hat L_j(S)$ is the estimated loss of task j on validation rows after fine-tuning on the tasks S, and P adds every parameter
 * to one of p sums with a random sign. The mean is over random sets S of `size` tasks, and over looks.
 *
 * `trainer.observations()` has `tasks`, `looks`, `affinity` `[K][K]`, row i and column j holding $Z_{i \to j}$ (above 0, i helps j), and of
 * the last look `subsets`, each task by itself first, with their estimated `losses` `[n][K]`. `bestGrouping` makes groups of the affinity.
 *
 * @remarks The first look is `interval` steps into the run, since a model that has learned nothing is not nearly linear. A look costs
 * 2 K `rows` forward and backward passes of single rows. With few validation rows the noise between them hides what tasks do for each
 * other. What a task has for itself is sketched apart from what is shared: in one sketch, heads of
 * unrelated tasks would seem to meet. The paper takes the model at its end, random ±1/√p for all entries of P (a cost of P · p for
 * each gradient), and clusters by a semidefinite programme. Regressions are taken to have
 * squared losses. Where batches are not paired rows, nothing is seen.
 * @throws `POLYTASK_NO_VALIDATION` where `fit` was given no validation data.
 * @example
 * ```ts
 * import { gradTae } from '@polytask/analysis';
 *
 * console.log(gradTae({ rows: 64 }).name); // => grad-tae
 * ```
 */
export const gradTae = /* @__PURE__ */ describePart('observer', {
  name: 'grad-tae',
  summary: 'Estimates from gradients of single rows what fine-tuning on sets of tasks would do for each of them.',
  cites: [
    {
      authors: 'D. Li, A. Sharma and H. Zhang',
      title: 'Scalable multitask learning using gradient-based estimation of task affinity',
      venue: 'KDD',
      year: 2024,
      url: 'https://arxiv.org/abs/2409.06091',
    },
  ],
  options,
  make: ({ rows, width, size, sets, learningRate, steps, interval }) => ({
    needsValidation: true,
    interval,
    bind({ tasks, objectives, layout, uniform }) {
      const names = tasks.map(({ name }) => name);
      const k = names.length;
      const seed = Math.floor(uniform(0)() * 2 ** 31);
      const several = k < 2 ? [] : sampleSubsets({ tasks: k, size: Math.min(size, k), count: sets, seed });
      const subsets = [...names.map((_, task) => [task]), ...several];
      const sketches = tasks.map((task) => sketchesFor(layout, task, width, seed));
      const kept = keepSeen((): Seen => ({ looks: 0, pairs: noPairs(k), losses: [] }));
      const { saveState, loadState, reset } = kept;
      return {
        async probe(primitives) {
          if (primitives.info.step === 0) return;
          const look = (next: () => Promise<Batch>) =>
            linearised(primitives, { tasks, objectives: objectives.length, rows, sketches, next });
          const fit = await look(primitives.anotherBatch);
          const measure = await look(primitives.validationBatch);
          if (fit === undefined || measure === undefined) return;
          const linear = tasks.map(
            ({ problem }, task): LinearisedTask => ({
              kind: problem === 'classification' ? 'log' : 'squared',
              fit: fit[task] as LinearisedRow[],
              measure: measure[task] as LinearisedRow[],
            }),
          );
          const losses = subsetLosses(linear, subsets, { learningRate, steps });
          const { seen } = kept;
          seen.looks += 1;
          seen.losses = losses;
          for (const [n, subset] of subsets.entries()) {
            for (const [i, j] of subset.flatMap((one) => subset.map((other) => [one, other] as const))) {
              if (i !== j) addPair(seen.pairs, i * k + j, 1 - (losses[n]?.[j] as number) / (losses[j]?.[j] as number));
            }
          }
        },
        result: () => ({
          tasks: names,
          looks: kept.seen.looks,
          affinity: pairMeans(kept.seen.pairs),
          subsets: subsets.map((subset) => subset.map((task) => names[task] as string)),
          losses: kept.seen.losses,
        }),
        ...{ saveState, loadState, reset },
      };
    },
  }),
});

type Seen = { looks: number; pairs: PairSums; losses: number[][] };

/** Makes a sketch of a gradient of the whole model. */
type Sketch = (gradient: ArrayLike<number>) => Float64Array;

interface Sketches {
  /** Of what more than one task uses. */
  readonly shared: Sketch;
  /** Of what the task has for itself. */
  readonly own: Sketch;
}

function sketchesFor(
  { segments, sharedSize }: ParameterLayout,
  { name }: AnyTask,
  width: number,
  seed: number,
): Sketches {
  const places = (of: (segment: Segment) => boolean) =>
    segments.filter(of).flatMap(({ offset, size }) => Array.from({ length: size }, (_, n) => offset + n));
  const shared = places(({ offset }) => offset < sharedSize);
  const own = places(({ offset, usedBy }) => offset >= sharedSize && usedBy.length === 1 && usedBy[0] === name);
  return { shared: sketchOf(shared, width, seed), own: sketchOf(own, width, seed) };
}

/** Adds what is at these places to so many sums with random signs; where there are no more places than sums, takes it as it is. */
function sketchOf(places: readonly number[], width: number, seed: number): Sketch {
  if (places.length <= width) return (gradient) => Float64Array.from(places, (place) => gradient[place] as number);
  const uniform = uniformStream(seed, 'sketch');
  const draws = Float64Array.from(places, () => 2 * width * uniform());
  return (gradient) => {
    const sums = new Float64Array(width);
    for (let n = 0; n < places.length; n++) {
      const value = gradient[places[n] as number] as number;
      const draw = Math.floor(draws[n] as number);
      sums[draw >> 1] = (sums[draw >> 1] as number) + (draw % 2 === 0 ? value : -value);
    }
    return sums;
  };
}

/** By task, so many labelled rows of further batches; undefined where batches are not paired rows. */
async function linearised(
  { gradient, read, release }: ProbePrimitives,
  from: {
    readonly tasks: readonly AnyTask[];
    readonly objectives: number;
    readonly rows: number;
    readonly sketches: readonly Sketches[];
    readonly next: () => Promise<Batch>;
  },
): Promise<LinearisedRow[][] | undefined> {
  const { tasks, objectives, rows, sketches, next } = from;
  const found = tasks.map((): LinearisedRow[] => []);
  for (let left = rows; left > 0; ) {
    const batch = await next();
    for (let row = 0; row < batch.size && left > 0; row++, left--) {
      const single = oneRow(batch, row);
      if (single === undefined) return undefined;
      for (const [task, { name }] of tasks.entries()) {
        if (!((single.weights[name]?.[0] ?? 0) > 0)) continue;
        const weights = Array.from({ length: objectives }, (_, other) => (other === task ? 1 : 0));
        const only = await gradient({ weights, training: false, batch: single });
        const { data } = await read(only.gradient);
        release(only.gradient);
        const { shared, own } = sketches[task] as Sketches;
        found[task]?.push({ loss: only.losses[task] as number, gradient: shared(data), own: own(data) });
      }
    }
  }
  return found;
}

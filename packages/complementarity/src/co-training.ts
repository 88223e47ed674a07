import {
  type AnyTask,
  code,
  describePart,
  type HostTensor,
  InvalidOptionError,
  list,
  number,
  type OptionsOf,
  optional,
  PolytaskError,
  type Relabelling,
  type State,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { addLabels } from './add-labels.js';
import { commonKind } from './answers.js';
import { calibrationOf } from './calibration.js';
import { pairOf, pairOption } from './pair.js';
import { commonRows, createPool } from './pool.js';

const options = {
  tasks: pairOption,
  rounds: withDefault(whole({ from: 1 }), 50, 'How often labels are added.', 'mvlearn'),
  every: withDefault(whole({ from: 1 }), 5, 'Epochs of training from one round to the next, and before the first.'),
  pool: withDefault(whole({ from: 1 }), 75, 'Rows without a label to choose from in a round.', 'paper'),
  perRound: optional(
    list(whole({ from: 0 }), { least: 2 }),
    'How many rows of each class either task may label in a round, by class id.',
    'in the ratio of the classes among labelled rows, 1 of the rarest',
    'paper',
  ),
  least: withDefault(
    number({ from: 0, below: 1 }),
    0.5,
    'An answer has to be more probable than this to become a label.',
    'mvlearn',
  ),
  calibration: withDefault(
    number({ from: 0, to: 1 }),
    0.2,
    'Expected calibration error above which the run warns: labels go by probabilities, and these are not to be trusted.',
  ),
  warn: optional(
    code<(message: string) => void>('a function that takes a message', (value) => typeof value === 'function'),
    'Is told that probabilities are not to be trusted, once for each task.',
    '`console.warn`',
  ),
};

/** Options of {@link coTraining} besides those of all auxiliary terms. */
export type CoTrainingOptions = OptionsOf<typeof options>;

/**
 * Co-training: two tasks that predict the same class from different views of a row label rows for each other.
 *
 * Every so many epochs there is a round. Both tasks look at a pool of rows that have no label; each picks, class by class, those whose
 * class it is surest of, and they become labels of **both** tasks, laid over the data:
 *
 * $$ S_k = \bigcup_c \operatorname{top}_{n_c} \{ n \in U' : \arg\max \hat p_{k,n} = c,\; \hat p_{k,n,c} > \theta \}, \qquad
 * L \leftarrow L \cup S_1 \cup S_2 $$
 *
 * where
 * - U′ is the pool, which is filled up again with further rows, in an order from the run's seed;
 * - p̂_k is what task k predicts, in inference mode, θ is `least`;
 * - n_c is how many of class c are taken, `perRound`: in the ratio in which classes occur among the labelled rows, so that it stays.
 *
 * A row that the two tasks pick with different classes gets no label, and stays in the pool. The history has by round how many rows
 * were `added`, on how many picks the two `disagreed`, how many rows are `left`, and by task the expected `calibration-error`, on the
 * validation rows or, where there are none, on the labelled ones.
 *
 * @remarks Departures: networks go on from where they are instead of being fitted anew in each round; there may be more classes than
 * two; and the published algorithm may add one row with both labels. A pick is never taken back. What is added is part of checkpoints.
 * The term itself is 0.
 * @throws `POLYTASK_OTHER_ANSWERS` for tasks that do not predict the same classes, one per row; `POLYTASK_NO_COMMON_ROWS` where
 * they have rows of their own; `POLYTASK_OTHER_LABELS` where distributions are laid over the rows already.
 * @example
 * ```ts
 * import { coTraining } from '@polytask/complementarity';
 *
 * const term = coTraining({ tasks: ['by-words', 'by-links'], every: 3, perRound: [1, 3] });
 * console.log(term.options.pool); // => 75
 * ```
 */
export const coTraining = /* @__PURE__ */ describePart('auxiliary', {
  name: 'co-training',
  summary: 'Two tasks that predict the same class label rows for each other, those that they are surest of.',
  cites: [
    {
      authors: 'A. Blum and T. Mitchell',
      title: 'Combining labeled and unlabeled data with co-training',
      venue: 'COLT',
      year: 1998,
      url: 'https://doi.org/10.1145/279943.279962',
      note: 'The pool of 75, and labels in the ratio of the classes. The paper has 30 rounds, one positive and three negatives.',
    },
  ],
  options,
  make: ({ tasks: names, rounds, every, pool: size, perRound, least, calibration, warn = console.warn }) => ({
    bind({ tasks, uniform }) {
      const pair = pairOf(tasks, names);
      const classes = classesOf(pair);
      if (perRound !== undefined && perRound.length !== classes) {
        throw new InvalidOptionError('perRound', `${classes} whole numbers from 0, one per class`, perRound);
      }
      const pool = createPool('co-training', pair, { size, rounds, every }, () => uniform(0));
      const warned = new Set<string>();
      let share: readonly number[] | undefined = perRound;
      return {
        loss: () => tf.scalar(0),
        async relabel(around) {
          if (!pool.due(around.epoch)) return;
          await pool.fill(around.rows);
          share ??= await ratioOf(around.rows, pair, classes);
          const errors = await calibrationOf(around, pair);
          pair.forEach(({ name }, k) => {
            const error = errors[k] as number;
            if (!(error > calibration) || warned.has(name)) return;
            warned.add(name);
            warn(notCalibrated(name, error));
          });
          const { chosen, disagreed } = choose(await answersOf(around.rows, pair, classes, pool.ids()), share, least);
          const ids = [...chosen.keys()];
          const values = [...chosen.values()].map((one) => [one]);
          for (const task of pair) addLabels(around.labels, task, { ids, values });
          pool.replace(ids);
          return {
            added: ids.length,
            disagreed,
            left: pool.left(),
            ...Object.fromEntries(pair.map(({ name }, k) => [`calibration-error-${name}`, errors[k] as number])),
          };
        },
        saveState: (): State => ({ share: share ?? null, pool: pool.saveState() }),
        loadState(state) {
          const saved = state as unknown as { share: number[] | null; pool: State };
          share = saved.share ?? undefined;
          pool.loadState(saved.pool);
        },
        reset() {
          share = perRound;
          pool.reset();
        },
      };
    },
  }),
});

/** How many classes the tasks tell apart, one per row. */
function classesOf(pair: readonly [AnyTask, AnyTask]): number {
  const kind = commonKind('co-training', pair);
  const [{ target, outputs, type, name }] = pair;
  const one = target.shape.length === 0;
  if (kind === 'chances' && one) return 2;
  const [shape] = Object.values(outputs);
  if (kind === 'classes' && one && typeof shape?.[0] === 'number') return shape[0];
  throw new PolytaskError(
    'POLYTASK_OTHER_ANSWERS',
    `\`co-training\` needs tasks that predict one class per row, but \`${name}\` is of type \`${type}\`. For numbers there is \`co-regression\`.`,
  );
}

/** What a view says of a row: the class, and how sure it is. */
interface Answer {
  readonly id: number;
  readonly label: number;
  readonly probability: number;
}

/** By view, what it says of the rows of the pool. */
async function answersOf(
  rows: Relabelling['rows'],
  pair: readonly [AnyTask, AnyTask],
  classes: number,
  wanted: ReadonlySet<number>,
): Promise<readonly Answer[][]> {
  const found: Answer[][] = [[], []];
  const names = pair.map(({ name }) => `prediction/${name}` as const);
  for await (const { batch, outputs } of rows('train', names)) {
    commonRows('co-training', pair, batch).forEach((id, row) => {
      if (!wanted.has(id)) return;
      pair.forEach(({ name }, k) => {
        found[k]?.push({ id, ...surest(outputs[`prediction/${name}`] as HostTensor, row, classes) });
      });
    });
  }
  return found;
}

function surest({ data, shape }: HostTensor, row: number, classes: number): Omit<Answer, 'id'> {
  // A yes or no comes as the probability of the yes.
  if (shape.length === 1) {
    const yes = data[row] as number;
    return yes >= 0.5 ? { label: 1, probability: yes } : { label: 0, probability: 1 - yes };
  }
  let label = 0;
  for (let c = 1; c < classes; c++) {
    if ((data[row * classes + c] as number) > (data[row * classes + label] as number)) label = c;
  }
  return { label, probability: data[row * classes + label] as number };
}

/** The picks of both views; a row that they pick with different classes is in none. */
function choose(
  answers: readonly (readonly Answer[])[],
  share: readonly number[],
  least: number,
): { readonly chosen: ReadonlyMap<number, number>; readonly disagreed: number } {
  const picks = answers.map((view) =>
    share.flatMap((count, label) =>
      view
        .filter((one) => one.label === label && one.probability > least)
        .sort((a, b) => b.probability - a.probability || a.id - b.id)
        .slice(0, count),
    ),
  );
  const chosen = new Map<number, number>();
  const torn = new Set<number>();
  for (const { id, label } of picks.flat()) {
    if (chosen.has(id) && chosen.get(id) !== label) torn.add(id);
    else chosen.set(id, label);
  }
  for (const id of torn) chosen.delete(id);
  return { chosen, disagreed: torn.size };
}

/** How many rows of each class are labelled, relative to the rarest. */
async function ratioOf(
  rows: Relabelling['rows'],
  pair: readonly [AnyTask, AnyTask],
  classes: number,
): Promise<readonly number[]> {
  const counts = new Array<number>(classes).fill(0);
  for await (const { batch } of rows('train', [])) {
    for (const { name } of pair) {
      const { data, shape } = batch.targets[name] as HostTensor;
      if (shape.length !== 1) continue;
      batch.weights[name]?.forEach((weight, row) => {
        const label = Math.round(data[row] as number);
        if (weight > 0 && label < classes) counts[label] = (counts[label] as number) + 1;
      });
    }
  }
  const rarest = Math.min(...counts.filter((count) => count > 0));
  return counts.map((count) => (count === 0 ? 0 : Math.round(count / rarest)));
}

function notCalibrated(task: string, error: number): string {
  return (
    `Co-training labels rows by the probabilities of task \`${task}\`, but these are off by ${(100 * error).toFixed(0)} % on average ` +
    '(expected calibration error), so that it may be sure and wrong. Regularise it more, add labels, or raise `least`.'
  );
}

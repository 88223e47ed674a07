import {
  type AnyTask,
  describePart,
  type HostTensor,
  type OptionsOf,
  PolytaskError,
  type Relabelling,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { addLabels } from './add-labels.js';
import { commonKind } from './answers.js';
import { pairOf, pairOption } from './pair.js';
import { commonRows, createPool } from './pool.js';

const options = {
  tasks: pairOption,
  rounds: withDefault(whole({ from: 1 }), 100, 'How often labels are added.', 'paper'),
  every: withDefault(whole({ from: 1 }), 1, 'Epochs of training from one round to the next, and before the first.'),
  pool: withDefault(whole({ from: 1 }), 50, 'Rows without a label to choose from in a round.', 'mvlearn'),
  perRound: withDefault(whole({ from: 1 }), 1, 'How many rows either task may label in a round.', 'paper'),
  neighbours: withDefault(
    whole({ from: 1 }),
    5,
    'How many labelled rows the label of another is the mean of.',
    'mvlearn',
  ),
};

/** Options of {@link coRegression} besides those of all auxiliary terms. */
export type CoRegressionOptions = OptionsOf<typeof options>;

/**
 * Co-training for numbers (CoReg): two tasks that predict the same number from different views of a row label rows for each other, those
 * that make their own picture more consistent.
 *
 * $$ \hat y_{k,u} = \operatorname{mean}_{i \in N_k(u)} y_{k,i}, \qquad
 * \Delta_{k,u} = \sum_{i \in N_k(u)} \big(y_{k,i} - h_k(i)\big)^2 - \big(y_{k,i} - h_k^{+u}(i)\big)^2 $$
 *
 * where
 * - N_k(u) are the labelled rows nearest to u, by Euclidean distance between the features that task k's head sees of them;
 * - h_k(i) is the mean of the labels of the rows nearest to i, i among them, and h_k^{+u} the same once u is labelled with ŷ_{k,u}.
 *
 * Every so many epochs each task picks from a pool of rows without a label those with the largest Δ above 0; their labels are laid over
 * the data of the **other** task. How many were `added`, and how many rows are `left`, is in the history.
 *
 * @remarks The paper's regressors are nearest neighbours alone, with two distances in place of two views; here the neighbours are those in
 * the features of networks, which learn from the labels. With several rows per round Δ is taken of each as if it were the only one. What
 * is added is part of checkpoints. The term itself is 0.
 * @throws `POLYTASK_OTHER_ANSWERS` for tasks that do not predict the same numbers; `POLYTASK_NO_COMMON_ROWS` where they have rows
 * of their own.
 * @example
 * ```ts
 * import { coRegression } from '@polytask/complementarity';
 *
 * const term = coRegression({ tasks: ['price-by-photo', 'price-by-text'], neighbours: 3 });
 * console.log(term.name); // => co-regression
 * ```
 */
export const coRegression = /* @__PURE__ */ describePart('auxiliary', {
  name: 'co-regression',
  summary: 'Two tasks that predict the same number label rows for each other, as the nearest labelled rows say.',
  cites: [
    {
      authors: 'Z.-H. Zhou and M. Li',
      title: 'Semi-supervised regression with co-training',
      venue: 'IJCAI',
      year: 2005,
      url: 'https://www.ijcai.org/Proceedings/05/Papers/0689.pdf',
      note: 'The paper has 3 neighbours and a pool of 100.',
    },
  ],
  options,
  make: ({ tasks: names, rounds, every, pool: size, perRound, neighbours }) => ({
    bind({ tasks, uniform }) {
      const pair = pairOf(tasks, names);
      if (commonKind('co-regression', pair) !== 'amounts') {
        const described = pair.map(({ name, type }) => `\`${name}\` (${type})`).join(' and ');
        throw new PolytaskError(
          'POLYTASK_OTHER_ANSWERS',
          `\`co-regression\` needs tasks that predict numbers, but got ${described}. For classes there is \`co-training\`.`,
        );
      }
      const pool = createPool('co-regression', pair, { size, rounds, every }, () => uniform(0));
      return {
        loss: () => tf.scalar(0),
        async relabel({ epoch, labels, rows }) {
          if (!pool.due(epoch)) return;
          await pool.fill(rows);
          const views = await viewsOf(rows, pair, pool.ids());
          const taken: number[] = [];
          views.forEach((view, k) => {
            const open = view.candidates.filter(({ id }) => !taken.includes(id));
            const picks = bestOf({ ...view, candidates: open }, neighbours).slice(0, perRound);
            const other = pair[1 - k] as AnyTask;
            const ids = picks.map(({ id }) => id);
            addLabels(labels, other, { ids, values: picks.map(({ label }) => label) });
            taken.push(...ids);
          });
          pool.replace(taken);
          return { added: taken.length, left: pool.left() };
        },
        saveState: pool.saveState,
        loadState: pool.loadState,
        reset: pool.reset,
      };
    },
  }),
});

/** A row as a view sees it. */
interface Point {
  readonly id: number;
  readonly features: ArrayLike<number>;
}

/** What a view has to go by. */
export interface View {
  readonly labelled: readonly (Point & { readonly label: readonly number[] })[];
  readonly candidates: readonly Point[];
}

/** Candidates that make the view more consistent, with their labels, the best first. */
export function bestOf(
  { labelled, candidates }: View,
  neighbours: number,
): { readonly id: number; readonly label: readonly number[]; readonly gain: number }[] {
  const nearest = (to: Point, among: View['labelled']) =>
    among
      .map((one) => ({ one, distance: distance(one.features, to.features) }))
      .sort((a, b) => a.distance - b.distance || a.one.id - b.one.id)
      .slice(0, neighbours)
      .map(({ one }) => one);
  const mean = (points: View['labelled']) =>
    (points[0]?.label ?? []).map(
      (_, i) => points.reduce((sum, { label }) => sum + (label[i] as number), 0) / points.length,
    );
  const error = (point: View['labelled'][number], among: View['labelled']) =>
    distance(point.label, mean(nearest(point, among)));
  return candidates
    .map((candidate) => {
      const around = nearest(candidate, labelled);
      const label = mean(around);
      const more = [...labelled, { ...candidate, label }];
      const gain = around.reduce((sum, point) => sum + error(point, labelled) - error(point, more), 0);
      return { id: candidate.id, label, gain };
    })
    .filter(({ gain }) => gain > 0)
    .sort((a, b) => b.gain - a.gain || a.id - b.id);
}

/** Squared Euclidean. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
}

async function viewsOf(
  rows: Relabelling['rows'],
  pair: readonly [AnyTask, AnyTask],
  wanted: ReadonlySet<number>,
): Promise<readonly View[]> {
  const views = pair.map(() => ({ labelled: [] as View['labelled'][number][], candidates: [] as Point[] }));
  const names = pair.map(({ name }) => `features/${name}` as const);
  for await (const { batch, outputs } of rows('train', names)) {
    commonRows('co-regression', pair, batch).forEach((id, row) => {
      pair.forEach(({ name }, k) => {
        const of = ({ data, shape }: HostTensor) => {
          const width = data.length / (shape[0] as number);
          return data.slice(row * width, (row + 1) * width);
        };
        const point = { id, features: of(outputs[`features/${name}`] as HostTensor) };
        const label = Array.from(of(batch.targets[name] as HostTensor));
        if (wanted.has(id)) views[k]?.candidates.push(point);
        else if ((batch.weights[name]?.[row] as number) > 0 && !label.some(Number.isNaN))
          views[k]?.labelled.push({ ...point, label });
      });
    });
  }
  return views;
}

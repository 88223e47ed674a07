import { describePart, type OptionsOf, type ParameterLayout, whole, withDefault } from '@polytask/core';
import { taskMatrix } from '../numbers/matrices.js';
import { task2vecDistance } from '../transfer/task2vec-distance.js';
import { keepSeen } from './keep-seen.js';
import { oneRow } from './one-row.js';

const options = {
  rows: withDefault(whole({ from: 1 }), 1, 'Rows of the batch that a look takes, one by one.'),
  interval: withDefault(whole({ from: 1 }), 100, 'Steps from one look to the next.'),
};

/** Options of {@link task2vec}. */
export type Task2VecOptions = OptionsOf<typeof options>;

/**
 * Embeds every task by the Fisher information that its loss has in the shared parameters, unit by unit:
 *
 * $$ F_u(t) = \frac{1}{|u|} \sum_{w \in u} \mathbb E_x \Big[ \Big( \frac{\partial L_t(x)}{\partial w} \Big)^2 \Big] $$
 *
 * where u are the units of shared layers, each with the weights that lead to it, and the mean is over single rows.
 *
 * `trainer.observations()` has `tasks`, `rows` (looked at, by task), `embedding` `[K][units]`, and `distance` `[K][K]`, the cosine
 * distance of {@link task2vecDistance}.
 *
 * @remarks The paper trains a head per task on one frozen network, and draws labels from its predictions; here heads and network are those
 * of the run as it goes, and the labels are the data's (empirical Fisher information). Gradients are squared row by row, not after a mean over a batch, which the paper's
 * Monte-Carlo code does, and of the model as it predicts: batch normalisation takes its averages, since a row normalised by itself is 0.
 * A look costs `rows` times K passes over a single row, about one step of training each. Where batches are not paired rows, nothing is
 * seen.
 * @example
 * ```ts
 * import { task2vec } from '@polytask/analysis';
 *
 * console.log(task2vec({ rows: 4 }).name); // => task2vec
 * ```
 */
export const task2vec = /* @__PURE__ */ describePart('observer', {
  name: 'task2vec',
  summary: 'Embeds every task by the Fisher information that its loss has in the shared parameters.',
  cites: [
    {
      authors: 'A. Achille et al.',
      title: 'Task2Vec: task embedding for meta-learning',
      venue: 'ICCV',
      year: 2019,
      url: 'https://arxiv.org/abs/1902.03545',
      note: 'Here the network is that of the run, and labels are those of the data.',
    },
  ],
  options,
  make: ({ rows, interval }) => ({
    interval,
    bind({ objectives, layout }) {
      const names = objectives.map(({ name }) => name);
      const units = unitsOf(layout);
      const count = units.length === 0 ? 0 : Math.max(...units) + 1;
      const nothing = (): Seen => ({ rows: names.map(() => 0), sums: names.map(() => new Float64Array(count)) });
      const sizes = new Float64Array(count);
      for (const unit of units) if (unit >= 0) sizes[unit] = (sizes[unit] as number) + 1;
      const kept = keepSeen(nothing);
      const { saveState, loadState, reset } = kept;
      return {
        async probe({ gradient, read, release, batch }) {
          for (let row = 0; row < Math.min(rows, batch.size); row++) {
            const single = oneRow(batch, row);
            if (single === undefined) return;
            for (const [task, name] of names.entries()) {
              if (!((single.weights[name]?.[0] ?? 0) > 0)) continue;
              const weights = names.map((_, other) => (other === task ? 1 : 0));
              const only = await gradient({ weights, training: false, batch: single });
              const { data } = await read(only.gradient);
              release(only.gradient);
              const sums = kept.seen.sums[task] as Float64Array;
              units.forEach((unit, at) => {
                if (unit >= 0)
                  sums[unit] = (sums[unit] as number) + (data[at] as number) ** 2 / (sizes[unit] as number);
              });
              kept.seen.rows[task] = (kept.seen.rows[task] as number) + 1;
            }
          }
        },
        result() {
          const embedding = kept.seen.sums.map((sums, task) =>
            Array.from(sums, (sum) => sum / Math.max(1, kept.seen.rows[task] as number)),
          );
          const distance = taskMatrix(names.length, (i, j) =>
            task2vecDistance(embedding[i] as number[], embedding[j] as number[]),
          );
          return { tasks: names, rows: kept.seen.rows, embedding, distance };
        },
        ...{ saveState, loadState, reset },
      };
    },
  }),
});

type Seen = { rows: number[]; sums: Float64Array[] };

/** For every shared parameter the unit that it leads to, counted through all layers; −1 for those of vectors, such as biases. */
function unitsOf({ segments, sharedSize }: ParameterLayout): Int32Array {
  const units = new Int32Array(sharedSize).fill(-1);
  let next = 0;
  for (const { shape, offset, size } of segments) {
    const width = shape.at(-1) ?? 1;
    if (offset + size > sharedSize || shape.length < 2) continue;
    for (let n = 0; n < size; n++) units[offset + n] = next + (n % width);
    next += width;
  }
  return units;
}

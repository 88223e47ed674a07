import { type HostTensor, requireOption } from '@polytask/core';
import { deltas, requireSameWeights, type Weights } from './weights.js';

/** Options of {@link tiesMerging}. */
export interface TiesOptions {
  /** Share of each model's changes that counts: its largest. Default 0.2, as the paper. */
  readonly keep?: number | undefined;
  /** λ. Default 1 for the mean, 0.3 for the sum. */
  readonly scale?: number | undefined;
  /** How changes are brought together that agree. Default `'mean'`, as the paper. */
  readonly combine?: 'mean' | 'sum' | undefined;
}

/**
 * TIES: of what each model has learned its largest changes, a sign for each number by majority of size, and the mean of the changes that
 * have this sign.
 *
 * $$ \hat\tau_t = \operatorname{top}_{k}(\theta_t - \theta_0), \qquad \gamma = \operatorname{sgn} \sum_t \hat\tau_t, \qquad
 * \theta = \theta_0 + \lambda\, \operatorname{mean} \{ \hat\tau_t : \operatorname{sgn} \hat\tau_t = \gamma \} $$
 *
 * where top_k keeps the share `keep` of a model's numbers that have moved most, over all of its variables, and mean is over those that are
 * not 0. Where γ is 0 it is the sign that most numbers have.
 *
 * @remarks Exactly k numbers are kept, the first of those that have moved as far; tests against the k-th largest value keep more.
 * @param start θ₀, what all models began with.
 * @throws `POLYTASK_MERGE` for models of different variables; `POLYTASK_INVALID_OPTION`.
 * @see P. Yadav, D. Tam, L. Choshen, C. Raffel and M. Bansal, "TIES-merging: resolving interference when merging models", NeurIPS 2023,
 * https://arxiv.org/abs/2306.01708
 * @example
 * ```ts
 * import { tiesMerging } from '@polytask/complementarity';
 * import { hostTensor } from '@polytask/core';
 *
 * const at = (...numbers: number[]) => ({ w: hostTensor(numbers) });
 * const models = [at(1, -2, 0.5), at(-4, -1, 0)];
 * console.log(tiesMerging(at(0, 0, 0), models, { keep: 0.67 }).w?.data); // => Float32Array(3) [ -4, -1.5, 0 ]
 * ```
 */
export function tiesMerging(
  start: Weights,
  models: readonly Weights[],
  { keep = 0.2, combine = 'mean', scale = combine === 'mean' ? 1 : 0.3 }: TiesOptions = {},
): Weights {
  requireOption(keep > 0 && keep <= 1, 'keep', 'a number above 0 and to 1', keep);
  requireOption(combine === 'mean' || combine === 'sum', 'combine', "'mean' or 'sum'", combine);
  requireOption(Number.isFinite(scale), 'scale', 'a number', scale);
  requireSameWeights(models, start);
  const paths = Object.keys(start);
  const flat = deltas(start, models).map((one) =>
    largest(Float64Array.from(paths.flatMap((path) => Array.from(one[path] as Float64Array))), keep),
  );
  const size = flat[0]?.length ?? 0;
  const sums = Float64Array.from({ length: size }, (_, i) => flat.reduce((sum, one) => sum + (one[i] as number), 0));
  const majority = Math.sign(sums.reduce((sum, value) => sum + Math.sign(value), 0));
  const merged = sums.map((value, i) => {
    const sign = value === 0 ? majority : Math.sign(value);
    const agreeing = flat.map((one) => one[i] as number).filter((one) => one !== 0 && Math.sign(one) === sign);
    const sum = agreeing.reduce((total, one) => total + one, 0);
    return combine === 'sum' || agreeing.length === 0 ? sum : sum / agreeing.length;
  });
  let offset = 0;
  return Object.fromEntries(
    paths.map((path) => {
      const { data, shape } = start[path] as HostTensor;
      const moved = Float32Array.from(data, (value, i) => value + scale * (merged[offset + i] as number));
      offset += data.length;
      return [path, { data: moved, shape }];
    }),
  );
}

/** The same, but for its largest numbers all 0. */
function largest(values: Float64Array, share: number): Float64Array {
  const count = Math.max(1, Math.round(share * values.length));
  const order = Array.from(values.keys()).sort(
    (a, b) => Math.abs(values[b] as number) - Math.abs(values[a] as number) || a - b,
  );
  const kept = new Float64Array(values.length);
  for (const i of order.slice(0, count)) kept[i] = values[i] as number;
  return kept;
}

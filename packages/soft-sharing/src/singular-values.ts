import { describePart, flag, type OptionsOf, withDefault } from '@polytask/core';
import { leftSpectrum, rankOf } from './spectrum.js';
import { layersOption, type TiedVariable, tiedVariables } from './tied-layers.js';

const options = {
  layers: layersOption,
  biases: withDefault(flag(), false, 'Whether variables of one axis (biases) count too.'),
};

/** Options of {@link singularValues}. */
export type SingularValuesOptions = OptionsOf<typeof options>;

/**
 * Watches how much tasks' copies of layers have in common: the singular values of the stacked weights, before the first
 * step and after the last epoch.
 *
 * $$ W = [\operatorname{vec} W_1 \;\dots\; \operatorname{vec} W_K]^\top = U\, \operatorname{diag}(\sigma)\, V^\top $$
 *
 * where W_k is task k's copy of one variable. Copies that are all equal have one singular value above 0; copies without
 * anything in common have K of about the same size.
 *
 * `trainer.observations()` has, by name of the variable with `<task>` in place of the task, `before` and `after`: lists
 * of K numbers, the largest first. The history has the rank after every epoch, the number of singular values above 1e-6
 * of the largest.
 *
 * @throws `POLYTASK_TIES`, `POLYTASK_UNKNOWN_NAME`, `POLYTASK_SHAPE_MISMATCH` as {@link l2Distance}.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression, tableDataset } from '@polytask/core';
 * import { singularValues, softSharing } from '@polytask/soft-sharing';
 *
 * const data = tableDataset({ inputs: { x: { data: Float32Array.of(0, 1), shape: [2, 1] } }, columns: { a: [1, 2], b: [2, 1] } });
 * const trainer = await createTrainer({
 *   tasks: [regression('a'), regression('b')],
 *   sharing: softSharing({ encoder: mlp([3]) }),
 *   observers: [singularValues({ layers: ['columns'] })],
 * });
 * await trainer.fit(data, { epochs: 1 });
 * console.log(Object.keys(trainer.observations()['singular-values'] as object)); // => [ 'columns/<task>/dense0/kernel' ]
 * trainer.dispose();
 * ```
 */
export const singularValues = /* @__PURE__ */ describePart('observer', {
  name: 'singular-values',
  summary: "Records the singular values of tasks' stacked layers before and after training.",
  cites: [
    {
      authors: 'Y. Yang and T. M. Hospedales',
      title: 'Trace norm regularised deep multi-task learning',
      venue: 'ICLR workshop',
      year: 2017,
      url: 'https://arxiv.org/abs/1606.04038',
    },
  ],
  options,
  make: ({ layers, biases }) => ({
    bind({ layout }) {
      const tied = tiedVariables(layout, layers, biases);
      let before: number[][] | null = null;
      let after: number[][] | null = null;
      return {
        async probe(primitives) {
          if (before !== null) return;
          const { data } = await primitives.read(primitives.parameters.values);
          before = tied.map((one) =>
            spectrumOf(
              one,
              one.copies.map(({ offset, size }) => data.subarray(offset, offset + size)),
            ).values.slice(),
          );
        },
        async epochEnd(_, parameters) {
          const spectra = await Promise.all(
            tied.map(async (one) => {
              const read = await Promise.all(one.copies.map(({ path }) => parameters.read(path)));
              return spectrumOf(
                one,
                read.map(({ data }) => data),
              );
            }),
          );
          after = spectra.map(({ values }) => values.slice());
          return Object.fromEntries(tied.map(({ name }, i) => [`${name}/rank`, rankOf(spectra[i] as never)]));
        },
        result: () =>
          Object.fromEntries(
            tied.map(({ name }, i) => [name, { before: before?.[i] ?? null, after: after?.[i] ?? null }]),
          ),
        saveState: () => ({ before, after }),
        loadState(state) {
          before = state.before as never;
          after = state.after as never;
        },
        reset() {
          before = null;
          after = null;
        },
      };
    },
  }),
});

function spectrumOf({ copies }: TiedVariable, rows: readonly ArrayLike<number>[]) {
  const size = copies[0]?.size ?? 0;
  return leftSpectrum(Float64Array.from(rows.flatMap((row) => Array.from(row))), copies.length, size);
}

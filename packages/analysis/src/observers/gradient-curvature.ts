import { describePart, number, type OptionsOf, whole, withDefault } from '@polytask/core';
import { yu2020 } from './cites.js';
import { keepSeen } from './keep-seen.js';

const options = {
  distance: withDefault(number({ above: 0 }), 0.01, 'How far from the parameters the gradient is taken again.'),
  interval: withDefault(whole({ from: 1 }), 60, 'Steps from one look to the next.'),
};

/** Options of {@link gradientCurvature}. */
export type GradientCurvatureOptions = OptionsOf<typeof options>;

/**
 * Measures how curved the sum of the losses is along its own gradient: where conflicting gradients meet high curvature, a step that looks
 * good to first order makes things worse.
 *
 * $$ c = v^\top H v \approx \frac{v \cdot \big( \nabla L(\theta + \varepsilon v) - \nabla L(\theta - \varepsilon v) \big)}{2 \varepsilon},
 * \qquad v = \frac{\nabla L}{\lVert \nabla L \rVert} $$
 *
 * where L is the unweighted sum of the losses, and ε is `distance`.
 *
 * `trainer.observations()` has `looks`, and as means over them `curvature` and `gradientNorm`.
 *
 * @remarks A look costs three forward and backward passes. Finite differences, since executors offer no second derivatives: with kinks
 * (ReLU) the number is that of the stretch of 2 ε. Looks at which the gradient is zero are not counted.
 * @example
 * ```ts
 * import { gradientCurvature } from '@polytask/analysis';
 *
 * console.log(gradientCurvature().name); // => gradient-curvature
 * ```
 */
export const gradientCurvature = /* @__PURE__ */ describePart('observer', {
  name: 'gradient-curvature',
  summary: 'Measures how curved the sum of the losses is along its own gradient.',
  cites: [{ ...yu2020, note: 'Names curvature as one of three conditions under which gradients harm each other.' }],
  options,
  make: ({ distance, interval }) => ({
    interval,
    bind() {
      const kept = keepSeen(() => ({ looks: 0, curvature: 0, gradientNorm: 0 }));
      const { saveState, loadState, reset } = kept;
      return {
        async probe({ gradient, clone, axpy, dot, parameters }) {
          const here = await gradient({ auxiliary: false });
          const norm = Math.sqrt(await dot(here.gradient));
          if (!(norm > 0)) return;
          const at = async (shift: number) => {
            const there = await clone(parameters);
            await axpy(there, shift / norm, here.gradient);
            return (await gradient({ auxiliary: false, parameters: there })).gradient;
          };
          const [ahead, behind] = [await at(distance), await at(-distance)];
          await axpy(ahead, -1, behind);
          const curvature = (await dot(here.gradient, ahead)) / norm / (2 * distance);
          kept.seen.looks += 1;
          kept.seen.curvature += curvature;
          kept.seen.gradientNorm += norm;
        },
        result() {
          const { looks, curvature, gradientNorm } = kept.seen;
          return { looks, curvature: curvature / looks, gradientNorm: gradientNorm / looks };
        },
        ...{ saveState, loadState, reset },
      };
    },
  }),
});

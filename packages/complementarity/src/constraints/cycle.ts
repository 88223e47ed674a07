import { choice, describePart, extend, type OptionsOf, required, taskName, withDefault } from '@polytask/core';
import { rowViolations } from '../comparison.js';
import { predictedBy } from '../predicted.js';
import { requireLoss, requireTwo } from './agreement.js';
import { constrained, constraintOptions } from './constraint.js';
import { bindMap, mapOption } from './prediction-map.js';

const options = extend(constraintOptions, {
  from: required(taskName(), 'The task that the way begins and ends at.'),
  to: required(taskName(), 'The task that it goes by.'),
  forth: mapOption('`from`', '`to`'),
  back: mapOption('`to`', '`from`'),
  loss: withDefault(
    choice('squared-error', 'absolute-error', 'huber', 'kl'),
    'squared-error',
    'What a disagreement costs; kl, of probabilities: the divergence of a prediction from what is mapped to it.',
  ),
});

/** Options of {@link cycle} besides those of all auxiliary terms. */
export type CycleOptions = OptionsOf<typeof options>;

/**
 * A way from one task to another and back: each prediction agrees with what is mapped from the other one.
 *
 * $$ \Omega = \frac{1}{2 |N|} \sum_{n \in N} d\big(\hat b_n,\, f(\hat a_n)\big) + d\big(\hat a_n,\, g(\hat b_n)\big) $$
 *
 * where
 * - â are predictions of `from` and b̂ those of `to`; f is the map `forth` and g the map `back`, given as for `consistency`;
 * - d and N are as for `consistency`.
 *
 * The history has the mean `violation`; `trainer.inspect` has that of every row, and the `round`: how far a row's g(f(â)) is from â.
 *
 * @remarks The whole way round by maps alone, g(f(â)) = â, does not look at b̂: a network that predicts b would learn nothing from it.
 * Where both halves agree it holds by itself. A way that loses something (many classes to few, and back to the mean of these) leaves a
 * violation that no prediction can do away with; use `consistency` in one direction there.
 * @throws As `consistency`.
 * @example
 * ```ts
 * import { cycle } from '@polytask/complementarity';
 *
 * const degrees = cycle({
 *   from: 'celsius',
 *   to: 'fahrenheit',
 *   forth: { scale: 1.8, offset: 32 },
 *   back: { scale: 1 / 1.8, offset: -32 / 1.8 },
 * });
 * console.log(degrees.name); // => cycle
 * ```
 */
export const cycle = /* @__PURE__ */ describePart('auxiliary', {
  name: 'cycle',
  summary: 'Predictions of two tasks agree by maps there and back.',
  cites: [
    {
      authors: 'J.-Y. Zhu, T. Park, P. Isola and A. A. Efros',
      title: 'Unpaired image-to-image translation using cycle-consistent adversarial networks',
      venue: 'ICCV',
      year: 2017,
      url: 'https://arxiv.org/abs/1703.10593',
      note: 'There maps are learned, and the way round is compared; here each half is.',
    },
  ],
  options,
  make: ({ from, to, forth, back, ...settings }) =>
    constrained(
      settings,
      ({ tasks }) => {
        requireTwo('to', from, to);
        const [a, b] = [predictedBy(tasks, from, 'from'), predictedBy(tasks, to, 'to')];
        const [there, home] = [bindMap(forth, a, b, 'forth'), bindMap(back, b, a, 'back')];
        requireLoss(settings.loss, a, b);
        return {
          tasks: [from, to],
          comparisons({ predict, unit }) {
            const [atA, atB] = [predict(from), predict(to)];
            return [
              { kind: b.kind, found: atB, wanted: there(atA), unit: unit(to) },
              { kind: a.kind, found: atA, wanted: home(atB), unit: unit(from) },
            ];
          },
          further({ predict }) {
            const start = predict(from);
            return { round: rowViolations({ kind: a.kind, found: home(there(start)), wanted: start }) };
          },
        };
      },
      ['round'],
    ),
});

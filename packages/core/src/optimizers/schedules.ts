import type { LearningRateSchedule } from '../contracts/optimizer.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { describeFactory, withArguments } from '../options/describe-part.js';
import { optional, required, withDefault } from '../options/option.js';
import { number, whole } from '../options/takes.js';
import { schedule } from './optimizer-options.js';

const kind = 'learning-rate-schedule';
const steps = whole({ from: 1 });

const cosine = /* @__PURE__ */ describeFactory(
  kind,
  {
    name: 'cosine-decay',
    summary: 'Half a cosine from 1 down to `floor`.',
    cites: [
      {
        authors: 'I. Loshchilov and F. Hutter',
        title: 'SGDR: stochastic gradient descent with warm restarts',
        venue: 'ICLR',
        year: 2017,
        url: 'https://arxiv.org/abs/1608.03983',
        note: 'One period of it, without restarts.',
      },
    ],
    options: {
      steps: optional(steps, 'How many steps it takes.', 'all of the run, in a run file'),
      floor: withDefault(number({ from: 0 }), 0, 'Factor at the end.'),
    },
  },
  ({ steps: given, floor }, { totalSteps = given }): LearningRateSchedule => {
    const last = given ?? totalSteps;
    requireOption(last !== undefined, 'steps', 'a number of steps, since that of the run is not known', last);
    const end = last as number;
    return (step) => floor + (1 - floor) * 0.5 * (1 + Math.cos((Math.PI * Math.min(step, end)) / end));
  },
);

/**
 * Half a cosine from 1 down to `floor` over `steps` steps, then `floor`.
 *
 * $$ f(t) = \text{floor} + (1-\text{floor})\,\tfrac12\bigl(1 + \cos(\pi \min(t, T)/T)\bigr) $$
 *
 * @example
 * ```ts
 * import { cosineDecay } from '@polytask/core';
 *
 * console.log(cosineDecay(100)(100)); // => 0
 * ```
 */
export const cosineDecay = /* @__PURE__ */ withArguments(cosine, (steps: number, floor?: number) => ({ steps, floor }));

const stepped = /* @__PURE__ */ describeFactory(
  kind,
  {
    name: 'step-decay',
    summary: 'Multiplies the learning rate by `factor` after every `every` steps.',
    options: {
      every: required(steps, 'Steps between two changes.'),
      factor: required(number({ above: 0 }), 'What each change multiplies by.'),
    },
  },
  ({ every, factor }): LearningRateSchedule =>
    (step) =>
      factor ** Math.floor(step / every),
);

/**
 * Multiplies by `factor` after every `every` steps: $f(t) = \text{factor}^{\lfloor t/\text{every} \rfloor}$.
 *
 * @example
 * ```ts
 * import { stepDecay } from '@polytask/core';
 *
 * console.log(stepDecay(10, 0.5)(25)); // => 0.25
 * ```
 */
export const stepDecay = /* @__PURE__ */ withArguments(stepped, (every: number, factor: number) => ({ every, factor }));

const rising = /* @__PURE__ */ describeFactory(
  kind,
  {
    name: 'warm-up',
    summary: 'Rises from near 0 to the learning rate, then follows `followedBy`.',
    cites: [
      {
        authors: 'P. Goyal et al.',
        title: 'Accurate, large minibatch SGD: training ImageNet in 1 hour',
        venue: 'arXiv',
        year: 2017,
        url: 'https://arxiv.org/abs/1706.02677',
        note: 'The paper warms up for five epochs.',
      },
    ],
    options: {
      steps: required(steps, 'How many steps the rise takes.'),
      followedBy: optional(schedule, 'What comes after.', 'nothing, the rate stays'),
    },
  },
  ({ steps: rise, followedBy = () => 1 }): LearningRateSchedule =>
    (step) =>
      Math.min(1, (step + 1) / rise) * followedBy(step),
);

/**
 * Rises from 1/steps to 1 over the first `steps` steps, then follows `followedBy` (default: stays 1):
 * $f(t) = \min(1, (t+1)/T)$ times `followedBy(t)`.
 *
 * @example
 * ```ts
 * import { cosineDecay, warmUp } from '@polytask/core';
 *
 * console.log(warmUp(10, cosineDecay(1000))(4)); // => 0.49998026105095406
 * ```
 */
export const warmUp = /* @__PURE__ */ withArguments(rising, (steps: number, followedBy?: LearningRateSchedule) => ({
  steps,
  followedBy,
}));

import { type HostFeeds, hostTensor, number, type StepInfo, withDefault } from '@polytask/core';

/** The option of terms whose weight rises. */
export const rampOption = withDefault(
  number({ from: 0 }),
  0,
  'Epochs in which the term rises to its full size; 0: it counts at once.',
);

/**
 * How much of a term counts, rising from e⁻⁵ to 1:
 *
 * $$ r(t) = e^{-5 (1 - t)^2} $$
 *
 * where t in [0, 1] is the part of the first `epochs` that is done.
 *
 * @param epochs In which it rises; 0 gives 1 at once.
 * @param step The step about to be taken. Outside of `fit`, where nobody knows how long an epoch is, t moves once per epoch.
 * @see S. Laine and T. Aila, "Temporal ensembling for semi-supervised learning", ICLR 2017, https://arxiv.org/abs/1610.02242
 * @example
 * ```ts
 * import { firstStep } from '@polytask/core';
 * import { rampUp } from '@polytask/complementarity';
 *
 * const half = { ...firstStep, step: 50, stepsPerEpoch: 10 };
 * console.log(rampUp(10, half).toFixed(4), rampUp(0, half)); // => 0.2865 1
 * ```
 */
export function rampUp(epochs: number, { step, epoch, stepsPerEpoch }: StepInfo): number {
  if (epochs === 0) return 1;
  const done = stepsPerEpoch === null ? epoch : step / stepsPerEpoch;
  const missing = 1 - Math.min(1, done / epochs);
  return Math.exp(-5 * missing * missing);
}

/** {@link rampUp} as a feed. */
export function rampFeeds(epochs: number): (step: StepInfo) => HostFeeds<'ramp'> {
  return (step) => ({ ramp: hostTensor(rampUp(epochs, step)) });
}

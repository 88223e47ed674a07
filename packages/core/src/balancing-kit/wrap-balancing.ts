import type { Citation } from '../contracts/citation.js';
import { definePart, type Lifecycle } from '../contracts/description.js';
import type { BoundGradientBalancing, GradientBalancing } from '../contracts/gradient-balancing.js';
import type {
  BalancingContext,
  BoundLossWeighting,
  EpochEnd,
  LossRange,
  LossWeighting,
} from '../contracts/loss-weighting.js';
import type { BoundStepPlan, StepPlan } from '../contracts/step-plan.js';
import type { State } from '../contracts/tensors.js';
import { checkPart } from '../model/check-part.js';
import { instanceMembers } from '../model/instance-members.js';

/** The instance that goes with a balancing. */
type BoundOf<Part> = Part extends LossWeighting
  ? BoundLossWeighting
  : Part extends GradientBalancing
    ? BoundGradientBalancing
    : BoundStepPlan;

/** What is put around a balancing; see {@link wrapBalancing}. */
export interface BalancingWrapper<Part> {
  /** Name of the whole. The inner one's is among its options. */
  readonly name: string;
  /** Of the wrapper alone. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Of the wrapper alone. */
  readonly cites?: readonly Citation[];
  /** In place of the inner one's. */
  readonly leastLoss?: LossRange['leastLoss'];
  /**
   * What of the inner instance is replaced; what is left out stays. `saveState`, `loadState`, `reset`, `dispose` and `epochEnd` concern the
   * wrapper's own state: the inner instance's are called besides.
   */
  bind(inner: BoundOf<Part>, context: BalancingContext): Partial<BoundOf<Part>>;
}

/**
 * Puts something around a balancing of any kind: weights that are smoothed over steps, gradients that are transformed first. The
 * whole compares the same gradients at the same scale as the inner one, and saves both states.
 *
 * @param inner The balancing within.
 * @param wrapper What changes.
 * @throws `POLYTASK_WRONG_PART` where `inner` is no balancing.
 * @example
 * ```ts
 * import { defineGradientBalancing, type GradientBalancing, wrapBalancing } from '@polytask/core';
 *
 * // Gradients of logarithms, ∇ log L = ∇L / L: any method becomes indifferent to the size of losses.
 * const ofLogs = (inner: GradientBalancing) =>
 *   wrapBalancing(inner, {
 *     name: 'of-logs',
 *     bind: (bound) => ({
 *       weights(input) {
 *         const { gramian, losses } = input;
 *         const k = losses.length;
 *         const loss = (at: number) => losses[at] as number;
 *         const ofLog = gramian.map((product, at) => product / loss(Math.floor(at / k)) / loss(at % k));
 *         const found = bound.weights?.({ ...input, gramian: ofLog }) ?? [];
 *         return losses.map((one, i) => (found[i] as number) / one);
 *       },
 *     }),
 *   });
 * const equal = defineGradientBalancing({ name: 'equal', bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }) });
 * console.log(ofLogs(equal).options); // => { inner: { name: 'equal', options: {} } }
 * ```
 */
export function wrapBalancing<Part extends LossWeighting | GradientBalancing | StepPlan>(
  inner: Part,
  wrapper: BalancingWrapper<Part>,
): Part {
  checkPart(inner, 'inner', 'loss-weighting', 'gradient-balancing', 'step-plan');
  const { name, options, cites = [], leastLoss = inner.leastLoss } = wrapper;
  const described: object = {
    ...inner,
    name,
    cites: [...cites, ...inner.cites],
    ...(leastLoss !== undefined && { leastLoss }),
    options: { ...options, inner: { name: inner.name, options: inner.options } },
    bind(context: BalancingContext) {
      const within = inner.bind(context) as BoundOf<Part>;
      const around = wrapper.bind(within, context) as unknown as Ending;
      return {
        ...instanceMembers(within),
        ...instanceMembers(around),
        ...bothLifecycles(within as unknown as Ending, around),
      };
    },
  };
  return definePart(inner.kind, described as never) as unknown as Part;
}

type Ending = Lifecycle & EpochEnd;

function bothLifecycles(inner: Ending, own: Ending): Ending {
  return {
    saveState: () => ({ own: own.saveState?.() ?? {}, inner: inner.saveState?.() ?? {} }),
    loadState(state) {
      inner.loadState?.(state.inner as State);
      own.loadState?.(state.own as State);
    },
    reset() {
      inner.reset?.();
      own.reset?.();
    },
    dispose() {
      own.dispose?.();
      inner.dispose?.();
    },
    log: () => ({ ...inner.log?.(), ...own.log?.() }),
    async epochEnd(summary, parameters) {
      const within = await inner.epochEnd?.(summary, parameters);
      const around = await own.epochEnd?.(summary, parameters);
      return { ...(within ?? {}), ...(around ?? {}) };
    },
  };
}

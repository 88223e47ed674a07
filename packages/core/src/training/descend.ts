import type { Batch } from '../contracts/batch.js';
import type { Program } from '../contracts/executor.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { DescendOptions } from '../contracts/step-plan.js';
import type { HostFeeds, HostTensor } from '../contracts/tensors.js';
import type { UpdateMode } from '../programs/update.js';
import { prefixed } from './batch-feeds.js';
import { headsFed, vectorOf } from './fed-weights.js';
import { finiteWeights, presentLosses } from './finite-numbers.js';
import type { Runtime, StepNumbers } from './runtime.js';

/** What {@link descendInOne} runs. */
export interface Descent {
  /** Gives losses and weights, and moves the model. */
  program(mode: UpdateMode): Program;
  /** What it is fed besides the batch. */
  readonly feeds: HostFeeds;
  /** Whether BatchNorm's statistics move. Default true. */
  readonly keepState?: boolean;
}

/** One step down a gradient of the losses of a batch in one piece: one program. */
export async function descendInOne(
  runtime: Runtime,
  info: StepInfo,
  batch: Batch,
  { program, feeds, keepState = true }: Descent,
): Promise<StepNumbers & { losses: Float64Array; weights: Float64Array }> {
  const { model } = runtime;
  const host = await runtime.update(program, info.step, runtime.moving(batch, info), {
    parameters: runtime.parameters,
    keepState,
    feeds: { ...(await runtime.feeds(batch, info)), ...feeds },
    outputs: { losses: 'read', weights: 'read', ...runtime.termsOutput },
    uniform: runtime.uniform(info.step, 0),
  });
  return {
    losses: presentLosses(host.losses as HostTensor, runtime.active(batch), model, info.step),
    weights: finiteWeights(host.weights, model, info.step),
    ...runtime.terms(host, info.step),
  };
}

/** The same, of losses whose weights are fed or follow from `scalarize`. */
export async function descendBy(
  runtime: Runtime,
  info: StepInfo,
  batch: Batch,
  { weights, scalarize, feeds = {}, scale = 'paper', headGradients = 'weighted' }: DescendOptions,
  keepState: boolean,
): ReturnType<typeof descendInOne> {
  const { programs } = runtime;
  const { objectives } = runtime.model;
  const heads = headsFed(objectives, headGradients);
  if (scalarize !== undefined) {
    return descendInOne(runtime, info, batch, {
      keepState,
      program: (mode) => programs.weightedStep(mode, scalarize, scale, heads.mode),
      feeds: { ...prefixed('balancing', feeds), ...heads.feeds },
    });
  }
  const fed = vectorOf(objectives, weights, '`weights` of a gradient');
  const found = await descendInOne(runtime, info, batch, {
    keepState,
    program: (mode) => programs.gradientAndApply(mode, heads.mode),
    feeds: { weights: fed, ...heads.feeds },
  });
  return { ...found, weights: found.losses.map((loss, k) => (Number.isNaN(loss) ? 0 : (fed.data[k] as number))) };
}

import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor } from '../contracts/executor.js';
import type { BoundGradientBalancing } from '../contracts/gradient-balancing.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { HostTensor } from '../contracts/tensors.js';
import { prefixed } from '../training/batch-feeds.js';
import { activeVector } from '../training/objective-vectors.js';
import type { Runtime } from '../training/runtime.js';
import { carriedState } from './carried-state.js';

/** What a gradient balancing learns beside its weights: one program of its own, which may move statistics of the model. */
export async function learnFromGradients(
  runtime: Runtime,
  info: StepInfo,
  batch: Batch,
  bound: BoundGradientBalancing,
  { jacobian, losses }: { readonly jacobian: DeviceTensor; readonly losses: HostTensor },
): Promise<void> {
  const state = carriedState(runtime, bound);
  const active = activeVector(runtime, batch);
  const numbers = prefixed('balancing', bound.feeds?.(info) ?? {});
  await runtime.session.run(runtime.programs.learn(bound), {
    parameters: runtime.parameters,
    feeds: { jacobian, losses, active, ...numbers, ...state },
    outputs: state,
    uniform: runtime.uniform(info.step, 0),
  });
}

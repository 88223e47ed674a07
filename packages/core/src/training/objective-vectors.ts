import type { Batch } from '../contracts/batch.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import { type HostTensor, hostTensor } from '../contracts/tensors.js';
import type { Runtime } from './runtime.js';

/** 1 for objectives that are present in a batch, else 0: `[K]`. */
export function activeVector({ model, active }: Pick<Runtime, 'model' | 'active'>, batch: Batch): HostTensor {
  return indicator(model.objectives, active(batch));
}

/** As `moving` the same for those whose own statistics move, where auxiliary terms may teach tasks without labels. */
export function movingVector(
  { model, moving }: Pick<Runtime, 'model' | 'moving'>,
  batch: Batch,
  info: StepInfo,
): { readonly moving?: HostTensor } {
  if (model.auxiliaries.every(({ bound }) => bound.actsOn === undefined)) return {};
  const { active, taught } = moving(batch, info);
  return { moving: indicator(model.objectives, [...active, ...(taught ?? [])]) };
}

const indicator = (objectives: readonly string[], chosen: readonly number[]) =>
  hostTensor(objectives.map((_, k) => (chosen.includes(k) ? 1 : 0)));

import type { DeviceTensor } from '../contracts/executor.js';
import type { BoundGradientBalancing } from '../contracts/gradient-balancing.js';
import { type HostTensor, sizeOf } from '../contracts/tensors.js';
import type { Runtime } from '../training/runtime.js';

/** A gradient balancing's device state as `state/<name>`, made before the first step that asks for it. */
export function carriedState(
  { session, stored, model }: Runtime,
  bound: BoundGradientBalancing,
): Record<string, DeviceTensor> {
  const size = { tasks: model.objectives.length, columns: model.layout.sharedSize };
  const state: Record<string, DeviceTensor> = {};
  for (const [name, start] of Object.entries(bound.state?.(size) ?? {})) {
    const key = `balancing/${name}`;
    const tensor = stored.get(key) ?? session.upload('data' in start ? start : zeros(start));
    stored.set(key, tensor);
    state[`state/${name}`] = tensor;
  }
  return state;
}

function zeros(shape: readonly number[]): HostTensor {
  return { data: new Float32Array(sizeOf(shape)), shape };
}

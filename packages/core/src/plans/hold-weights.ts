import { compact, spread } from '../balancing-kit/present-tasks.js';
import { scaleWeights } from '../balancing-kit/weight-scale.js';
import type { GradientBalancing } from '../contracts/gradient-balancing.js';
import { type HostTensor, hostTensor } from '../contracts/tensors.js';
import { presentLosses } from '../training/finite-numbers.js';
import type { Runtime } from '../training/runtime.js';
import type { RunStep } from '../training/step-outcome.js';

const key = 'balancing/held-weights';

/**
 * Takes a step that works out weights every few steps, and holds them in between: such a step is one backward pass. The weights are kept with
 * what else strategies store, so that a resumed run goes on with them.
 */
export function holdWeights(
  anew: RunStep,
  { updateEvery: every = 1, scale, headGradients: heads = 'raw' }: GradientBalancing,
): RunStep {
  return async (runtime, info, batch, sources) => {
    const { model, session, programs, stored } = runtime;
    const active = runtime.active(batch);
    const held = info.step % every === 0 ? undefined : await heldWeights(runtime);
    const k = model.objectives.length;
    if (held === undefined || active.some((i) => held[k + i] === 0)) {
      const found = await anew(runtime, info, batch, sources);
      const present = Array.from({ length: k }, (_, i) => (active.includes(i) ? 1 : 0));
      const before = stored.get(key);
      stored.set(key, session.upload(hostTensor([...Array.from(found.weights), ...present], [2, k])));
      runtime.touched += 1;
      if (before !== undefined) session.release(before);
      return found;
    }
    // Of fewer tasks, the weights are scaled to these.
    const weights = spread(scaleWeights(compact(held, active), scale), active, k);
    const host = await runtime.update(
      (mode) => programs.gradientAndApply(mode, heads),
      info.step,
      runtime.moving(batch, info),
      {
        parameters: runtime.parameters,
        feeds: { ...(await runtime.feeds(batch, info)), weights: hostTensor(weights) },
        outputs: { losses: 'read', ...runtime.termsOutput },
        uniform: runtime.uniform(info.step, 0),
      },
    );
    const losses = presentLosses(host.losses as HostTensor, active, model, info.step);
    return { losses, weights, ...runtime.terms(host, info.step) };
  };
}

/** `[2, K]`: the weights, and 1 for the tasks that had a part in them. */
async function heldWeights({ session, stored }: Runtime): Promise<ArrayLike<number> | undefined> {
  const tensor = stored.get(key);
  return tensor && (await session.download(tensor)).data;
}

import * as tf from '@tensorflow/tfjs';
import type { Lifecycle } from '../contracts/description.js';
import type {
  BalancingContext,
  EpochEnd,
  Objective,
  StepInfo,
  TaskRoles,
  ValidationScores,
} from '../contracts/loss-weighting.js';
import type { AnyTask } from '../contracts/task.js';
import type { HostTensor, State } from '../contracts/tensors.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { createGroupScope, type Registry } from '../model/build-scope.js';
import { createLayout } from '../model/parameter-layout.js';
import { uniformStream } from '../random/uniform-stream.js';

/** What a part has to know of a training loop that is not ours. */
export interface StandaloneOptions extends Partial<TaskRoles> {
  /** Names of the tasks, or their definitions. */
  readonly tasks: readonly (string | AnyTask)[];
  /** All randomness comes from it. Default 0. */
  readonly seed?: number;
  /** Steps of one epoch. Default: unknown. */
  readonly stepsPerEpoch?: number;
  /** Epochs in all. Default: unknown. */
  readonly epochs?: number;
}

type Bindable<Bound> = { readonly name: string; bind(context: BalancingContext): Bound };

/** A balancing strategy bound outside a trainer, and the loop's place. */
export function openPart<Bound extends Lifecycle & EpochEnd>(part: Bindable<Bound>, options: StandaloneOptions) {
  const { tasks, seed = 0, primary, groups = {}, stepsPerEpoch = null, epochs = null } = options;
  const objectives = tasks.map(
    (task): Objective => (typeof task === 'string' ? { name: task, task: undefined } : { name: task.name, task }),
  );
  const names = objectives.map(({ name }) => name);
  const registry: Registry = [];
  const bound = part.bind({
    tasks: names,
    objectives,
    primary,
    groups,
    scope: createGroupScope(`balancing/${part.name}`, names, 'balancing', seed, registry),
    uniform: (step) => uniformStream(seed, 'balancing', part.name, step),
  });
  const layout = createLayout(names, registry);
  let place = { step: 0, epoch: 0 };
  const totals = {
    totalSteps: stepsPerEpoch === null || epochs === null ? null : stepsPerEpoch * epochs,
    totalEpochs: epochs,
    stepsPerEpoch,
  };
  const find = (path: string) => {
    const found = registry.find((one) => one.path === path);
    if (found !== undefined) return found.variable;
    throw new UnknownNameError(
      'parameter',
      path,
      registry.map((one) => one.path),
    );
  };
  const read = async (path: string): Promise<HostTensor> => {
    const variable = find(path);
    return { data: Float32Array.from(await variable.data()), shape: variable.shape };
  };
  return {
    bound,
    names,
    scope: { registered: registry },
    info: (): StepInfo => ({ ...place, ...totals }),
    stepEnd() {
      place = { ...place, step: place.step + 1 };
    },
    async epochEnd(meanLosses: ArrayLike<number>, validation?: ValidationScores) {
      const summary = { epoch: place.epoch, meanLosses: Float64Array.from(meanLosses), validation };
      await bound.epochEnd?.(summary, { layout, read });
      place = { ...place, epoch: place.epoch + 1 };
    },
    saveState: async (): Promise<State> => ({
      ...place,
      part: bound.saveState?.() ?? {},
      variables: await downloaded(registry.map(({ path, variable }) => [path, variable])),
    }),
    loadState(state: State) {
      const { step, epoch, part: own, variables } = state as unknown as SavedPart;
      place = { step, epoch };
      bound.loadState?.(own);
      for (const [path, { data, shape }] of Object.entries(variables)) {
        const variable = find(path);
        tf.tidy(() => variable.assign(tf.tensor(data, [...shape])));
      }
    },
    dispose() {
      bound.dispose?.();
      for (const { variable, owned } of registry) if (owned) variable.dispose();
    },
  };
}

/** Tensors by name on the host. */
export async function downloaded(
  tensors: readonly (readonly [string, tf.Tensor])[],
): Promise<{ readonly [name: string]: HostTensor }> {
  const entries = tensors.map(async ([name, tensor]) => {
    const host: HostTensor = { data: Float32Array.from(await tensor.data()), shape: tensor.shape };
    return [name, host] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

interface SavedPart {
  readonly step: number;
  readonly epoch: number;
  readonly part: State;
  readonly variables: { readonly [path: string]: HostTensor };
}

import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { Model } from '../model/multi-task-model.js';
import { uniformFloats } from '../random/uniform-stream.js';
import type { Batch } from '../spec/batch.js';
import type {
  DeviceTensor,
  ExecutorSession,
  ParameterSet,
  Program,
  ProgramCall,
  UniformSource,
} from '../spec/executor.js';
import type { StepInfo } from '../spec/loss-weighting.js';
import type { Optimizer } from '../spec/optimizer.js';
import type { ParameterReader } from '../spec/parameters.js';
import type { TaskConstants } from '../spec/task.js';
import type { HostFeeds, HostTensor } from '../spec/tensors.js';
import { activeTasks, batchFeeds, prefixed } from './batch-feeds.js';
import { createPrograms, type Programs } from './programs.js';
import { updateNumbers } from './update.js';

/** Everything of a run that lives with the executor, and the host numbers that go with it. */
export interface Runtime {
  readonly model: Model;
  readonly session: ExecutorSession;
  readonly programs: Programs;
  readonly parameters: ParameterSet;
  /** The optimizer's moments. */
  readonly slots: { readonly [slot: string]: DeviceTensor };
  /** Updates that each range of the layout has had. */
  counts: number[];
  /** Device tensors that strategies carry from step to step. */
  readonly stored: Map<string, DeviceTensor>;
  /** What auxiliary objectives' host phases gave last; saved, since a phase may be older than the checkpoint. */
  readonly prepared: Map<string, HostFeeds>;
  readonly reader: ParameterReader;
  /** Feeds of a batch for training programs, strategies' numbers for auxiliary terms included. */
  feeds(batch: Batch, info: StepInfo): Promise<Record<string, HostTensor>>;
  /** Indices of the objectives present in a batch. */
  active(batch: Batch): number[];
  /** Random numbers of the `draw`-th batch of a step. */
  uniform(step: number, draw: number): UniformSource;
  /** Runs a program that ends with the optimizer's update, overwriting parameters and moments. */
  update(
    program: (mode: 'uniform' | 'ranged') => Program,
    step: number,
    active: readonly number[],
    call: ProgramCall,
  ): Promise<{ readonly [output: string]: HostTensor }>;
}

/** What a runtime is made from. */
export interface RuntimeParts {
  readonly model: Model;
  readonly optimizer: Optimizer;
  readonly constants: { readonly [task: string]: TaskConstants };
  readonly session: ExecutorSession;
  readonly seed: number;
}

/** Uploads the variables' initial values and makes the programs. */
export async function createRuntime({ model, optimizer, constants, session, seed }: RuntimeParts): Promise<Runtime> {
  const { layout } = model;
  const programs = createPrograms({ model, optimizer, constants });
  const parameters: ParameterSet = {
    values: session.upload(await gather(layout.segments, layout.size)),
    state: session.upload(await gather(layout.stateSegments, layout.stateSize)),
  };
  const slots: Record<string, DeviceTensor> = {};
  for (const slot of optimizer.slots) {
    slots[slot] = session.upload({ data: new Float32Array(layout.size), shape: [layout.size] });
  }
  const reader: ParameterReader = {
    layout,
    async read(path) {
      for (const [segments, handle] of [
        [layout.segments, parameters.values],
        [layout.stateSegments, parameters.state],
      ] as const) {
        const segment = segments.find((one) => one.path === path);
        if (segment === undefined) continue;
        const { data } = await session.download(handle);
        return { data: data.slice(segment.offset, segment.offset + segment.size), shape: segment.shape };
      }
      throw new UnknownNameError(
        'parameter',
        path,
        [...layout.segments, ...layout.stateSegments].map((s) => s.path),
      );
    },
  };
  const prepared = new Map<string, HostFeeds>();
  // A plan may feed several programs in one step; the host phase belongs to the step.
  const preparedAt = new Map<string, number>();

  async function auxiliaryFeeds(info: StepInfo): Promise<Record<string, HostTensor>> {
    const feeds: Record<string, HostTensor> = {};
    for (const { description, bound } of model.auxiliaries) {
      const { name, updateEvery = 1 } = description;
      const due = info.step % updateEvery === 0 && preparedAt.get(name) !== info.step;
      if (bound.prepare !== undefined && (due || !prepared.has(name))) {
        preparedAt.set(name, info.step);
        prepared.set(name, await bound.prepare(reader));
      }
      const numbers = { ...prepared.get(name), ...bound.feeds?.(info) };
      Object.assign(feeds, prefixed(`auxiliary/${name}`, numbers));
    }
    return feeds;
  }

  const withRows = model.auxiliaries.length > 0 || (model.sharing.auxiliary?.length ?? 0) > 0;
  const runtime: Runtime = {
    model,
    session,
    programs,
    parameters,
    slots,
    counts: layout.ranges.map(() => 0),
    stored: new Map(),
    prepared,
    reader,
    active(batch) {
      // Auxiliary objectives balanced like tasks are always there.
      const extra = model.objectives.slice(model.tasks.length).map((_, i) => model.tasks.length + i);
      return [...activeTasks(model.tasks, batch), ...extra];
    },
    async feeds(batch, info) {
      const active = new Float32Array(model.objectives.length);
      for (const k of runtime.active(batch)) active[k] = 1;
      return {
        ...batchFeeds(model.tasks, batch, withRows),
        active: { data: active, shape: [active.length] },
        ...(model.auxiliaries.length === 0 ? {} : await auxiliaryFeeds(info)),
      };
    },
    uniform: (step, draw) => (path, occurrence, length) =>
      uniformFloats(length, seed, 'forward', step, draw, path, occurrence),
    async update(program, step, active, call) {
      const present = new Set(active.map((k) => model.objectives[k]));
      const moves = layout.ranges.map(({ usedBy }) => usedBy.length === 0 || usedBy.some((task) => present.has(task)));
      const numbers = updateNumbers(optimizer, layout, runtime.counts, moves, step);
      const { host } = await session.run(program(numbers.mode), {
        ...call,
        feeds: { ...call.feeds, ...numbers.feeds, values: parameters.values, ...prefixed('slot', slots) },
        outputs: { ...call.outputs, values: parameters.values, ...prefixed('slot', slots) },
      });
      runtime.counts = numbers.counts;
      return host;
    },
  };
  return runtime;
}

async function gather(
  segments: readonly { offset: number; size: number; variable: { data(): Promise<unknown> } }[],
  size: number,
): Promise<HostTensor> {
  const data = new Float32Array(size);
  for (const segment of segments) data.set((await segment.variable.data()) as Float32Array, segment.offset);
  return { data, shape: [size] };
}

/** Refuses a batch that carries no label of any task. */
export function requireLabels(runtime: Runtime, batch: Batch, step: number): void {
  if (activeTasks(runtime.model.tasks, batch).length > 0) return;
  throw new PolytaskError(
    'POLYTASK_NO_LABELS',
    `The batch of step ${step} has no label of any task. Leave such rows out of the training data, or use a larger batch.`,
  );
}

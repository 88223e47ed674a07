import type { Batch } from '../contracts/batch.js';
import type {
  DeviceTensor,
  ExecutorSession,
  ParameterSet,
  Program,
  ProgramCall,
  UniformSource,
} from '../contracts/executor.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { Optimizer } from '../contracts/optimizer.js';
import type { ParameterReader, SegmentRange } from '../contracts/parameters.js';
import type { TaskConstants } from '../contracts/task.js';
import type { HostFeeds, HostTensor } from '../contracts/tensors.js';
import type { Model } from '../model/multi-task-model.js';
import { createPrograms, type Programs } from '../programs/programs.js';
import { type UpdateMode, updateNumbers } from '../programs/update.js';
import { uniformFloats } from '../random/uniform-stream.js';
import { activeTasks, batchFeeds, prefixed } from './batch-feeds.js';
import { momentaryReader, parameterReader } from './parameter-reader.js';

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
  /**
   * Runs a program that ends with the optimizer's update, overwriting parameters and moments. With `trial`, a scratch copy gets
   * what the update makes of it, and nothing else changes; `moves` narrows down what moves.
   */
  update(
    program: (mode: UpdateMode) => Program,
    step: number,
    active: readonly number[],
    call: ProgramCall,
    options?: {
      readonly trial?: ParameterSet | undefined;
      readonly moves?: ((range: SegmentRange) => boolean) | undefined;
    },
  ): Promise<{ readonly [output: string]: HostTensor }>;
  /** What asks a training program for its auxiliary terms, where there are any. */
  readonly termsOutput: { readonly terms?: 'read' };
  /** The auxiliary terms by name, from the output `terms` of a training program. */
  terms(host: { readonly [output: string]: HostTensor }): Record<string, number>;
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
  const programs = createPrograms(model, optimizer, constants);
  const parameters: ParameterSet = {
    values: session.upload(await gather(layout.segments, layout.size)),
    state: session.upload(await gather(layout.stateSegments, layout.stateSize)),
  };
  const slots: Record<string, DeviceTensor> = {};
  for (const slot of optimizer.slots) {
    slots[slot] = session.upload({ data: new Float32Array(layout.size), shape: [layout.size] });
  }
  const fedSlots = prefixed('slot', slots);
  const users = layout.ranges.map(({ usedBy }) => usedBy.map((task) => model.objectives.indexOf(task)));
  const prepared = new Map<string, HostFeeds>();

  async function numbersOf(info: StepInfo): Promise<Record<string, HostTensor>> {
    const feeds: Record<string, HostTensor> = { ...prefixed('sharing', model.sharing.feeds?.(info) ?? {}) };
    for (const { name, updateEvery, bound } of model.auxiliaries) {
      if (bound.prepare !== undefined && (info.step % updateEvery === 0 || !prepared.has(name))) {
        prepared.set(name, await bound.prepare(momentaryReader(layout, session, parameters)));
      }
      Object.assign(feeds, prefixed(`auxiliary/${name}`, { ...prepared.get(name), ...bound.feeds?.(info) }));
    }
    return feeds;
  }

  // A plan may feed several programs in one step; host phases belong to the step, before its first program.
  let numbersOfStep: { readonly step: number; readonly feeds: Record<string, HostTensor> } | undefined;
  async function stepNumbers(info: StepInfo): Promise<Record<string, HostTensor>> {
    if (numbersOfStep?.step !== info.step) numbersOfStep = { step: info.step, feeds: await numbersOf(info) };
    return numbersOfStep.feeds;
  }

  const withRows = model.auxiliaries.length > 0;
  const runtime: Runtime = {
    model,
    session,
    programs,
    parameters,
    slots,
    counts: layout.ranges.map(() => 0),
    stored: new Map(),
    prepared,
    reader: parameterReader(layout, session, parameters),
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
        ...(await stepNumbers(info)),
      };
    },
    uniform: (step, draw) => (path, occurrence, length) =>
      uniformFloats(length, seed, 'forward', step, draw, path, occurrence),
    async update(program, step, active, call, { trial, moves: allowed = () => true } = {}) {
      const isPresent = (of: readonly number[]) => of.length === 0 || of.some((k) => active.includes(k));
      const moves = layout.ranges.map((range, r) => isPresent(users[r] as number[]) && allowed(range));
      const numbers = updateNumbers(optimizer, layout, runtime.counts, moves, step);
      const { values } = trial ?? parameters;
      const { host } = await session.run(program(numbers.mode), {
        ...call,
        feeds: { ...call.feeds, ...numbers.feeds, values, ...fedSlots },
        outputs: { ...call.outputs, values, ...(trial === undefined ? fedSlots : {}) },
      });
      if (trial === undefined) runtime.counts = numbers.counts;
      return host;
    },
    termsOutput: model.terms.length === 0 ? {} : { terms: 'read' },
    terms: ({ terms }) => Object.fromEntries(model.terms.map((name, i) => [name, terms?.data[i] ?? Number.NaN])),
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

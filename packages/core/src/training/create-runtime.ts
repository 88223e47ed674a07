import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor, ExecutorSession, ParameterSet } from '../contracts/executor.js';
import { firstStep, type StepInfo } from '../contracts/loss-weighting.js';
import type { Optimizer } from '../contracts/optimizer.js';
import type { SegmentRange } from '../contracts/parameters.js';
import type { TaskConstants } from '../contracts/task.js';
import type { HostTensor } from '../contracts/tensors.js';
import type { Model } from '../model/multi-task-model.js';
import { createPrograms } from '../programs/programs.js';
import { updateNumbers } from '../programs/update.js';
import { uniformFloats } from '../random/uniform-stream.js';
import { taughtByTerms } from './acting-terms.js';
import { activeTasks, batchFeeds, prefixed } from './batch-feeds.js';
import { nonFiniteTerm } from './finite-numbers.js';
import { activeVector, movingVector } from './objective-vectors.js';
import { parameterReader } from './parameter-reader.js';
import type { Moving, Runtime } from './runtime.js';
import { createStepFeeds } from './step-feeds.js';

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
  const withRows = model.auxiliaries.length > 0;
  const taught = (batch: Batch, info: StepInfo) => taughtByTerms(model, batch, info);
  const runtime: Runtime = {
    model,
    session,
    programs,
    parameters,
    slots,
    counts: layout.ranges.map(() => 0),
    stored: new Map(),
    prepared: new Map(),
    reader: parameterReader(layout, session, parameters),
    active(batch) {
      // Auxiliary objectives balanced like tasks are always there.
      const extra = model.objectives.slice(model.tasks.length).map((_, i) => model.tasks.length + i);
      return [...activeTasks(model.tasks, batch), ...extra];
    },
    moving: (batch, info) => ({ active: runtime.active(batch), taught: taught(batch, info) }),
    teaches: (batch, info) => activeTasks(model.tasks, batch).length > 0 || taught(batch, info) !== undefined,
    reached: firstStep,
    touched: 0,
    further: undefined,
    async feeds(batch, info) {
      return {
        ...batchFeeds(model.tasks, batch, withRows),
        active: activeVector(runtime, batch),
        ...movingVector(runtime, batch, info),
        ...(await stepFeeds.of(batch, info)),
      };
    },
    modelFeeds: (batch, info) => ({ ...batchFeeds(model.tasks, batch, false), ...stepFeeds.sharing(info) }),
    inferenceFeeds: () => prefixed('sharing', model.sharing.feeds?.(runtime.reached) ?? {}),
    endStep: () => stepFeeds.end(),
    uniform: (step, draw, part = 0) => {
      const place = part === 0 ? draw : `${draw} part ${part}`;
      return (path, occurrence, length) => uniformFloats(length, seed, 'forward', step, place, path, occurrence);
    },
    async update(program, step, moving, call, { trial, moves: allowed = () => true } = {}) {
      const moves = layout.ranges.map(
        (range, r) => isMoving(range, users[r] as number[], model.tasks.length, moving) && allowed(range),
      );
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
    termsOutput: model.terms.length + model.logged.length === 0 ? {} : { terms: 'read' },
    terms({ terms: given }, step) {
      // A gradient of it would be in all parameters after this step, and every task would be blamed.
      model.terms.forEach((name, i) => {
        const value = given?.data[i];
        if (value !== undefined && !Number.isFinite(value)) throw nonFiniteTerm(name, value, step);
      });
      const named = (names: readonly string[], from: number) =>
        Object.fromEntries(names.map((name, i) => [name, given?.data[from + i] ?? Number.NaN]));
      return { terms: named(model.terms, 0), logged: named(model.logged, model.terms.length) };
    },
  };
  const stepFeeds = createStepFeeds(runtime);
  return runtime;
}

/** Whether a range of the layout moves, by the indices of its users among K tasks. */
function isMoving({ group }: SegmentRange, users: readonly number[], k: number, { active, taught }: Moving): boolean {
  if (group === 'balancing')
    return users.length === 0 ? active.length > 0 : users.some((user) => active.includes(user));
  if (users.length === 0) return true;
  const isEverybodys = users.filter((user) => user < k).length === k;
  if (isEverybodys && taught !== undefined) return true;
  return users.some((user) => active.includes(user) || taught?.includes(user));
}

async function gather(
  segments: readonly { offset: number; size: number; variable: { data(): Promise<unknown> } }[],
  size: number,
): Promise<HostTensor> {
  const data = new Float32Array(size);
  for (const segment of segments) data.set((await segment.variable.data()) as Float32Array, segment.offset);
  return { data, shape: [size] };
}

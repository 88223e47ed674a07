import type { InputSpecs } from '../contracts/batch.js';
import type { Lifecycle } from '../contracts/description.js';
import type { DeviceTensor } from '../contracts/executor.js';
import { firstStep, type StepInfo } from '../contracts/loss-weighting.js';
import type { Segment } from '../contracts/parameters.js';
import type { HostFeeds, HostTensor, State, StateValue } from '../contracts/tensors.js';
import type { LabelOverlays } from '../data/label-overlay.js';
import { NonFiniteError } from '../errors/non-finite-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import type { StoppingState } from '../training/early-stopping.js';
import type { EpochSums, History } from '../training/history.js';
import { openPerTask } from '../training/per-task-run.js';
import { openRun, type Run, type RunDescription, requireWhole, settled } from '../training/run.js';
import { checkSaved, savedModel, savedTensor } from './check-saved.js';
import type { Checkpoint } from './checkpoint.js';
import { CheckpointError } from './checkpoint-error.js';

/** Everything of a run that changes, and enough of what does not to recognise it: as it is between two steps. */
export async function saveRun(run: Run): Promise<Checkpoint> {
  await settled(run);
  requireWhole(run);
  // From here on nothing is awaited before all has been asked for, or the run would go on in between.
  const { runtime, model, description } = run;
  const { session, parameters } = runtime;
  const handles: [string, DeviceTensor][] = [
    ['parameters', parameters.values],
    ['statistics', parameters.state],
    ...Object.entries(runtime.slots).map(([slot, handle]) => [`slot/${slot}`, handle] as [string, DeviceTensor]),
    ...[...runtime.stored].map(([name, handle]) => [`stored/${name}`, handle] as [string, DeviceTensor]),
  ];
  const downloads = handles.map(async ([name, handle]) => [name, await session.download(handle)] as const);
  const best = Object.fromEntries(
    run.best.flatMap((one, i) =>
      one === undefined
        ? []
        : [
            [`best/${i}/parameters`, one.values],
            [`best/${i}/statistics`, one.state],
          ],
    ),
  );
  const state = {
    description: describeRun(description),
    variables: describeVariables(model),
    inputs: model.inputs,
    constants: run.constants,
    seed: description.seed,
    epoch: run.epoch,
    batch: run.batch,
    position: run.position ?? null,
    pass: run.pass,
    sums: run.sums,
    history: run.history,
    counts: runtime.counts,
    drawn: run.drawn,
    reached: runtime.reached,
    stopping: run.stopping ?? null,
    perTask: run.perTask !== undefined,
    overlays: run.overlays.toState(),
    balancing: stateOf(model.balancing.bound),
    sharing: stateOf(model.sharing),
    auxiliary: Object.fromEntries(model.auxiliaries.map(({ name, bound }) => [name, stateOf(bound)])),
    observers: Object.fromEntries(model.observers.map(({ name, bound }) => [name, stateOf(bound)])),
    prepared: Object.fromEntries(runtime.prepared),
    schedule: run.schedule === undefined ? (run.scheduleState ?? null) : stateOf(run.schedule),
  };
  // Deep copies: the run goes on changing its own.
  const copy = structuredClone(state) as unknown as State;
  const steps = run.history.steps;
  const tensors: Record<string, HostTensor> = { ...Object.fromEntries(await Promise.all(downloads)), ...best };
  for (const name of ['parameters', 'statistics'] as const) {
    checkFinite(tensors[name] as HostTensor, segmentsOf(model, name), steps);
  }
  return { state: copy, tensors };
}

/** A loss may be finite and its gradient not; a run cannot go on from what that leaves behind. */
function checkFinite({ data }: HostTensor, segments: readonly Segment[], step: number): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const segment = segments.find(({ offset, size }) => bad >= offset && bad < offset + size);
  throw new NonFiniteError(`The parameter \`${segment?.path}\``, data[bad] as number, undefined, step);
}

const segmentsOf = ({ layout }: Run['model'], name: 'parameters' | 'statistics') =>
  name === 'parameters' ? layout.segments : layout.stateSegments;

/**
 * A run that goes on from a checkpoint. What the checkpoint says is checked before anything is made of it, since the file may come
 * from anywhere.
 *
 * @param inputs - Those of the model that is there already, if there is one.
 * @throws CheckpointError (`POLYTASK_CHECKPOINT`) where it is not a checkpoint of this description, saying what differs.
 */
export async function reopenRun(
  description: RunDescription,
  checkpoint: Checkpoint,
  overlays: LabelOverlays,
  inputs?: InputSpecs,
): Promise<Run> {
  const saved = savedModel(checkpoint);
  compare(describeRun(description), saved.description, '');
  if (inputs !== undefined) compare(structuredClone(inputs), saved.inputs, 'inputs');
  // Room enough for another model by mistake, which the comparison of variables can tell of; not for one made up.
  const limit = 4 * saved.numbers + 1_000_000;
  let fresh: Run | undefined;
  try {
    fresh = await openRun(description, saved.inputs, saved.constants, overlays, limit);
    loadRun(fresh, checkpoint);
    if (checkpoint.state.perTask === true) fresh.perTask = await openPerTask(fresh);
    return fresh;
  } catch (error) {
    fresh?.dispose();
    if (PolytaskError.isInstance(error)) throw error;
    const reason = (error as Error).message;
    throw new CheckpointError(`This checkpoint does not fit this run: ${reason}`, { cause: error });
  }
}

/** Puts a checkpoint's contents into a fresh run of the same description. */
function loadRun(run: Run, checkpoint: Checkpoint): void {
  compare(describeVariables(run.model), checkpoint.state.variables, 'variables');
  const state = completed(checkpoint.state);
  checkSaved(state, run);
  const saved = state as unknown as Saved;
  const { runtime, model } = run;
  const { session, parameters } = runtime;
  const tensor = (name: string) => savedTensor(checkpoint.tensors, name);
  const fill = (target: DeviceTensor, name: string) => {
    session.write(target, likeOurs(tensor(name), target, name));
  };
  fill(parameters.values, 'parameters');
  fill(parameters.state, 'statistics');
  for (const [slot, handle] of Object.entries(runtime.slots)) fill(handle, `slot/${slot}`);
  for (const name of Object.keys(checkpoint.tensors).filter((key) => key.startsWith('stored/'))) {
    const key = name.slice('stored/'.length);
    const observer = /^observer\/([^/]*)\//.exec(key)?.[1];
    // A run may go on without an observer that it had.
    if (observer !== undefined && !model.observers.some((one) => one.name === observer)) continue;
    runtime.stored.set(key, session.upload(tensor(name)));
  }
  (saved.stopping?.kept ?? []).forEach((_, i) => {
    // Where only one thing could be kept, it had no number.
    const place = `best/parameters` in checkpoint.tensors ? 'best' : `best/${i}`;
    if (!(`${place}/parameters` in checkpoint.tensors)) return;
    run.best[i] = {
      values: likeOurs(tensor(`${place}/parameters`), parameters.values, `${place}/parameters`),
      state: likeOurs(tensor(`${place}/statistics`), parameters.state, `${place}/statistics`),
    };
  });
  const copy = structuredClone(saved);
  run.epoch = copy.epoch;
  run.batch = copy.batch;
  run.position = copy.position ?? undefined;
  run.pass = copy.pass;
  run.sums = copy.sums;
  run.history = copy.history;
  run.drawn = copy.drawn;
  run.stopping = copy.stopping ?? undefined;
  runtime.counts = [...copy.counts];
  runtime.reached = copy.reached;
  model.balancing.bound.loadState?.(copy.balancing);
  model.sharing.loadState?.(copy.sharing);
  for (const { name, bound } of model.auxiliaries) bound.loadState?.(copy.auxiliary[name] ?? {});
  for (const { name, bound } of model.observers) {
    const seen = copy.observers[name];
    if (seen !== undefined) bound.loadState?.(seen);
  }
  for (const [name, feeds] of Object.entries(copy.prepared)) runtime.prepared.set(name, feeds);
  run.scheduleState = copy.schedule ?? undefined;
  // Last, because these belong to the trainer: where anything above throws, it keeps what it has.
  run.overlays.fromState(copy.overlays);
}

function likeOurs(value: HostTensor, { shape }: DeviceTensor, name: string): HostTensor {
  if (value.shape.join() === shape.join()) return value;
  throw new CheckpointError(
    `Tensor \`${name}\` of the checkpoint must have shape [${shape.join(', ')}], but has [${value.shape.join(', ')}].`,
  );
}

/** What {@link checkSaved} has looked at. */
interface Saved {
  readonly epoch: number;
  readonly batch: number;
  readonly position: State | null;
  readonly pass: string;
  readonly sums: EpochSums;
  readonly history: History;
  readonly counts: readonly number[];
  readonly drawn: { [stream: string]: number };
  readonly reached: StepInfo;
  readonly observers: { readonly [name: string]: State };
  readonly stopping: StoppingState | null;
  readonly overlays: State;
  readonly balancing: State;
  readonly sharing: State;
  readonly auxiliary: { readonly [name: string]: State };
  readonly prepared: { readonly [name: string]: HostFeeds };
  readonly schedule: State | null;
}

/** Fills in what checkpoints of earlier versions lack. */
function completed(state: State): State {
  const { history, sums, epoch, stopping } = state as {
    history?: State;
    sums?: State;
    epoch?: StateValue;
    stopping?: State | null;
  };
  const steps = (history?.steps ?? 0) as number;
  const losses = sums?.losses;
  const none = Array.isArray(losses) ? losses.map(() => 0) : [];
  return {
    reached: { ...firstStep, step: Math.max(0, steps - 1), epoch: epoch ?? 0 } as unknown as State,
    observers: {},
    ...state,
    ...(history && { history: { logged: {}, gradientNorms: {}, validationWeights: {}, restored: null, ...history } }),
    ...(stopping && { stopping: { kept: [], ...stopping } }),
    ...(sums && { sums: { logged: {}, norms: none, normCounts: none, ...sums } }),
  };
}

/** What has to agree between a checkpoint and the run that it is put into; functions are left out. */
function describeRun(description: RunDescription): unknown {
  const { tasks, sharing, balancing, auxiliary, optimizer, schedule, seed, primary, groups } = description;
  // A learning rate schedule is a function of the step; these tell two of them apart.
  const rates = [0, 1, 10, 100, 1000, 10_000, 100_000].map((step) => optimizer.schedule?.(step) ?? 1);
  const described = {
    tasks,
    sharing,
    balancing,
    auxiliary,
    optimizer,
    rates,
    schedule: schedule ?? null,
    seed,
    primary,
    groups,
  };
  // A part's name first: that is what a person wants to hear of, before its options.
  const inOrder = (key: string, value: unknown) => {
    // Facts about a kind of task, which do not make another run of it.
    if (key === 'cites' || key === 'problem' || key === 'label' || key === 'calibrates') return undefined;
    return typeof value === 'object' && value !== null && 'name' in value
      ? { name: value.name, ...(value as object) }
      : value;
  };
  return JSON.parse(JSON.stringify(described, inOrder));
}

function describeVariables({ layout }: Run['model']): unknown {
  return [...layout.segments, ...layout.stateSegments].map(({ path, shape }) => `${path} [${shape.join(', ')}]`);
}

/** Refuses a checkpoint that differs, naming the first place where it does. */
function compare(ours: unknown, theirs: unknown, path: string): void {
  if (typeof ours === 'object' && ours !== null && typeof theirs === 'object' && theirs !== null) {
    for (const key of Object.keys({ ...ours, ...theirs })) {
      const [mine, other] = [ours, theirs].map((one) => (one as Record<string, unknown>)[key]);
      compare(mine, other, path === '' ? key : `${path}.${key}`);
    }
    return;
  }
  if (Object.is(ours, theirs)) return;
  const show = (value: unknown) => (value === undefined ? 'missing' : JSON.stringify(value));
  throw new CheckpointError(
    `This checkpoint belongs to another run: \`${path}\` is ${show(theirs)} there and ${show(ours)} here. ` +
      'Resume with the configuration that the run was started with.',
  );
}

function stateOf(bound: Lifecycle): State {
  return (bound.saveState?.() ?? {}) as { [key: string]: StateValue };
}

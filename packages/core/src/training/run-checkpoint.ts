import type { InputSpecs } from '../spec/batch.js';
import type { Lifecycle } from '../spec/description.js';
import type { DeviceTensor } from '../spec/executor.js';
import type { TaskConstants } from '../spec/task.js';
import type { HostFeeds, HostTensor, State, StateValue } from '../spec/tensors.js';
import { type Checkpoint, CheckpointError } from './checkpoint.js';
import type { StoppingState } from './early-stopping.js';
import type { EpochSums, History } from './history.js';
import type { Run, RunDescription } from './run.js';

/** Everything of a run that changes, and enough of what does not to recognise it. */
export async function saveRun(run: Run): Promise<Checkpoint> {
  const { runtime, model, description } = run;
  const { session, parameters } = runtime;
  const tensors: Record<string, HostTensor> = {
    parameters: await session.download(parameters.values),
    statistics: await session.download(parameters.state),
  };
  for (const [slot, handle] of Object.entries(runtime.slots)) tensors[`slot/${slot}`] = await session.download(handle);
  for (const [name, handle] of runtime.stored) tensors[`stored/${name}`] = await session.download(handle);
  if (run.best !== undefined) {
    tensors['best/parameters'] = run.best.values;
    tensors['best/statistics'] = run.best.state;
  }
  const state = {
    fingerprint: fingerprint(run),
    inputs: model.inputs,
    constants: run.constants,
    seed: description.seed,
    epoch: run.epoch,
    batch: run.batch,
    position: run.position ?? null,
    sums: run.sums,
    history: run.history,
    counts: runtime.counts,
    drawn: run.drawn,
    frozen: run.frozen,
    stopping: run.stopping ?? null,
    overlays: run.overlays.toState(),
    balancing: stateOf(model.balancing.bound),
    auxiliary: Object.fromEntries(model.auxiliaries.map((a) => [a.description.name, stateOf(a.bound)])),
    prepared: Object.fromEntries(runtime.prepared),
    schedule: run.schedule === undefined ? (run.scheduleState ?? null) : stateOf(run.schedule),
  };
  // Deep copies: the run goes on changing its own.
  return { state: structuredClone(state) as unknown as State, tensors };
}

/** Puts a checkpoint's contents into a fresh run of the same description. */
export function loadRun(run: Run, checkpoint: Checkpoint): void {
  const saved = checkpoint.state as unknown as Saved;
  compare(fingerprint(run), saved.fingerprint);
  const { runtime, model } = run;
  const { session, parameters } = runtime;
  const tensor = (name: string): HostTensor => {
    const found = checkpoint.tensors[name];
    if (found === undefined)
      throw new CheckpointError(`This checkpoint lacks the tensor \`${name}\`. Use an earlier one.`);
    return found;
  };
  const fill = (target: DeviceTensor, name: string) => {
    const value = tensor(name);
    if (value.shape.join() !== target.shape.join()) {
      throw new CheckpointError(
        `Tensor \`${name}\` of the checkpoint must have shape [${target.shape.join(', ')}], but has [${value.shape.join(', ')}].`,
      );
    }
    session.write(target, value);
  };
  fill(parameters.values, 'parameters');
  fill(parameters.state, 'statistics');
  for (const [slot, handle] of Object.entries(runtime.slots)) fill(handle, `slot/${slot}`);
  for (const name of Object.keys(checkpoint.tensors).filter((key) => key.startsWith('stored/'))) {
    runtime.stored.set(name.slice('stored/'.length), session.upload(tensor(name)));
  }
  if ('best/parameters' in checkpoint.tensors) {
    run.best = { values: tensor('best/parameters'), state: tensor('best/statistics') };
  }
  const copy = structuredClone(saved);
  run.epoch = copy.epoch;
  run.batch = copy.batch;
  run.position = copy.position ?? undefined;
  run.sums = copy.sums;
  run.history = copy.history;
  run.drawn = copy.drawn;
  run.frozen = copy.frozen;
  run.stopping = copy.stopping ?? undefined;
  runtime.counts = [...copy.counts];
  run.overlays.fromState(copy.overlays);
  model.balancing.bound.loadState?.(copy.balancing);
  for (const { description, bound } of model.auxiliaries) {
    const state = copy.auxiliary[description.name];
    if (state !== undefined) bound.loadState?.(state);
  }
  for (const [name, feeds] of Object.entries(copy.prepared)) runtime.prepared.set(name, feeds);
  run.scheduleState = copy.schedule ?? undefined;
}

/** Inputs and constants that a checkpoint's model was built with. */
export function buildFacts(checkpoint: Checkpoint): {
  inputs: InputSpecs;
  constants: { [task: string]: TaskConstants };
} {
  const { inputs, constants } = checkpoint.state as unknown as Partial<Saved>;
  if (inputs === undefined || constants === undefined) {
    throw new CheckpointError('This checkpoint has no model inputs; it was not written by `trainer.checkpoint()`.');
  }
  return { inputs, constants };
}

interface Saved {
  readonly fingerprint: Fingerprint;
  readonly inputs: InputSpecs;
  readonly constants: { [task: string]: TaskConstants };
  readonly seed: number;
  readonly epoch: number;
  readonly batch: number;
  readonly position: State | null;
  readonly sums: EpochSums;
  readonly history: History;
  readonly counts: readonly number[];
  readonly drawn: { another: number; validation: number };
  readonly frozen: readonly string[];
  readonly stopping: StoppingState | null;
  readonly overlays: State;
  readonly balancing: State;
  readonly auxiliary: { readonly [name: string]: State };
  readonly prepared: { readonly [name: string]: HostFeeds };
  readonly schedule: State | null;
}

type Fingerprint = { readonly [what: string]: string | readonly string[] };

/** What has to agree between a checkpoint and the run that it is put into, in words that a person can compare. */
function fingerprint({ description, model }: Run): Fingerprint {
  const part = ({ name, options }: { name: string; options: object }) => `${name} ${JSON.stringify(options)}`;
  const shapes = [...model.layout.segments, ...model.layout.stateSegments];
  const { tasks, sharing, balancing, auxiliary, optimizer, schedule, seed }: RunDescription = description;
  return {
    tasks: tasks.map((task) => `${task.name} (${task.type})`),
    sharing: sharing.name,
    balancing: part(balancing),
    auxiliary: auxiliary.map(part),
    optimizer: part(optimizer),
    schedule: schedule === undefined ? 'none' : part(schedule),
    seed: String(seed),
    parameters: shapes.map(({ path, shape }) => `${path} [${shape.join(', ')}]`),
  };
}

function compare(now: Fingerprint, saved: Fingerprint | undefined): void {
  for (const [what, mine] of Object.entries(now)) {
    const theirs = saved?.[what];
    if (JSON.stringify(mine) === JSON.stringify(theirs)) continue;
    const list = (value: Fingerprint[string] | undefined) =>
      (Array.isArray(value) ? value : [String(value)]) as string[];
    const [ours, others] = [list(mine), list(theirs)];
    const differing = ours.findIndex((one, i) => one !== others[i]);
    const at = differing < 0 ? ours.length : differing;
    throw new CheckpointError(
      `This checkpoint belongs to another run: its ${what} ${others[at] === undefined ? 'end' : 'have'} ` +
        `${others[at] === undefined ? 'earlier' : `\`${others[at]}\``} where this run has \`${ours[at] ?? 'nothing'}\`. ` +
        'Resume with the configuration that the run was started with.',
    );
  }
}

function stateOf(bound: Lifecycle): State {
  return (bound.saveState?.() ?? {}) as { [key: string]: StateValue };
}

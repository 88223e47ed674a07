import type { InputSpecs } from '../contracts/batch.js';
import type { TaskConstants } from '../contracts/task.js';
import { type HostTensor, type State, sizeOf } from '../contracts/tensors.js';
import { emptyHistory, emptySums } from '../training/history.js';
import type { Run } from '../training/run.js';
import type { Checkpoint } from './checkpoint.js';
import { CheckpointError } from './checkpoint-error.js';

/** What a checkpoint says of the model, before there is one to compare it with. */
export interface SavedModel {
  readonly description: unknown;
  readonly inputs: InputSpecs;
  readonly constants: { [task: string]: TaskConstants };
  /** How many numbers all variables have. */
  readonly numbers: number;
}

/** Numbers in a row of one input. A model is tried on two rows when it is built; more would be an attempt on the memory. */
const largestRow = 2 ** 28;

/** What a model is built from, as a checkpoint has it; checked, since the file may come from anywhere. */
export function savedModel({ state, tensors }: Checkpoint): SavedModel {
  const { description, inputs, constants } = state as { readonly [key: string]: unknown };
  if (!isRecord(description) || !isRecord(inputs) || !isRecord(constants)) {
    throw new CheckpointError('This checkpoint has no model inputs; it was not written by `trainer.checkpoint()`.');
  }
  for (const [name, spec] of Object.entries(inputs)) if (!isInputSpec(spec)) refuse(`inputs.${name}`, 'an input');
  for (const [task, facts] of Object.entries(constants)) if (!isRecord(facts)) refuse(`constants.${task}`, 'a record');
  const numbers = savedTensor(tensors, 'parameters').data.length + savedTensor(tensors, 'statistics').data.length;
  return structuredClone({ description, inputs, constants, numbers }) as unknown as SavedModel;
}

/** A tensor of a checkpoint. */
export function savedTensor(tensors: Checkpoint['tensors'], name: string): HostTensor {
  if (Object.hasOwn(tensors, name)) return tensors[name] as HostTensor;
  throw new CheckpointError(`This checkpoint lacks the tensor \`${name}\`. Use an earlier one.`);
}

/** Refuses state that does not have the form of this run's. */
export function checkSaved(state: State, { model, runtime, description }: Run): void {
  const { objectives } = model;
  const { restored: _, ...history } = emptyHistory(description.tasks, [
    ...model.terms,
    ...objectives.slice(model.tasks.length),
  ]);
  const example = {
    epoch: 0,
    batch: 0,
    pass: '',
    sums: emptySums(objectives.length),
    history,
    counts: runtime.counts,
    drawn: { another: 0, validation: 0 },
    reached: { step: 0, epoch: 0 },
    observers: {},
    overlays: {},
    balancing: {},
    sharing: {},
    auxiliary: {},
    prepared: {},
  };
  requireLike(example, state, '');
  const found = state as unknown as typeof example;
  const { step, epoch } = found.reached;
  const counts = {
    ...found.drawn,
    epoch: found.epoch,
    batch: found.batch,
    'reached.step': step,
    'reached.epoch': epoch,
  };
  for (const [name, count] of Object.entries(counts)) {
    if (!isCount(count)) refuse(name, 'a whole number from 0');
  }
  for (const name of ['totalSteps', 'totalEpochs', 'stepsPerEpoch']) {
    const count = (found.reached as Record<string, unknown>)[name];
    if (count !== null && !isCount(count)) refuse(`reached.${name}`, 'a whole number from 0, or null');
  }
  for (const kind of ['logged', 'gradientNorms'] as const) {
    for (const [name, series] of Object.entries(found.history[kind])) {
      if (!isNumbers(series)) refuse(`history.${kind}.${name}`, 'a list of numbers');
    }
  }
  for (const [name, sum] of Object.entries(found.sums.logged))
    requireLike({ total: 0, count: 0 }, sum, `sums.logged.${name}`);
  const { restored } = state.history as { readonly restored?: unknown };
  if (restored !== null && !isCount(restored) && !(isRecord(restored) && Object.values(restored).every(isCount))) {
    refuse('history.restored', 'an epoch, epochs by task, or null');
  }
  if (!isCount(found.history.steps)) refuse('history.steps', 'a whole number from 0');
  found.counts.forEach((count, r) => {
    if (!isCount(count)) refuse(`counts.${r}`, 'a whole number from 0');
  });
  for (const name of ['position', 'stopping', 'schedule']) {
    if (state[name] !== null && !isRecord(state[name])) refuse(name, 'a record, or null');
  }
  const { stopping } = state;
  if (stopping !== null) requireLike({ monitor: '', watched: [], kept: [] }, stopping, 'stopping');
  for (const [i, one] of ((stopping as { watched?: unknown[] } | null)?.watched ?? []).entries()) {
    requireLike({ bestEpoch: 0, waited: 0, stopped: false }, one, `stopping.watched.${i}`);
  }
  for (const [i, one] of ((stopping as { kept?: unknown[] } | null)?.kept ?? []).entries()) {
    requireLike({ bestEpoch: 0 }, one, `stopping.kept.${i}`);
  }
  for (const [name, feeds] of Object.entries(found.prepared)) {
    if (!isRecord(feeds) || !Object.values(feeds).every(isHostTensor)) refuse(`prepared.${name}`, 'tensors by name');
  }
}

function refuse(path: string, expected: string): never {
  throw new CheckpointError(
    `This checkpoint cannot be used: \`${path}\` must be ${expected}, but is not. Use an earlier checkpoint.`,
  );
}

/** Every key of the example is there, with a value of its kind; lists that have a length in the example have that length. */
function requireLike(example: unknown, value: unknown, path: string): void {
  const below = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(example)) {
    if (!Array.isArray(value)) refuse(path, 'a list');
    if (example.length > 0 && value.length !== example.length) refuse(path, `a list of ${example.length}`);
    example.forEach((item, i) => {
      requireLike(item, value[i], below(i));
    });
  } else if (isRecord(example)) {
    if (!isRecord(value)) refuse(path, 'a record');
    for (const [key, item] of Object.entries(example)) {
      requireLike(item, Object.hasOwn(value, key) ? value[key] : undefined, below(key));
    }
  } else if (typeof value !== typeof example) refuse(path, `a ${typeof example}`);
}

function isInputSpec(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { shape, dtype, categories = [], vocabulary = 0, mask = '' } = value;
  if (!isCount(vocabulary) || typeof mask !== 'string') return false;
  const lists = [shape, categories].every((list) => Array.isArray(list) && list.every(isCount));
  if (!lists || (dtype !== 'float32' && dtype !== 'int32')) return false;
  return sizeOf(shape as number[]) <= largestRow;
}

function isHostTensor(value: unknown): boolean {
  return isRecord(value) && (value.data instanceof Float32Array || value.data instanceof Int32Array);
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { PolytaskError, ShapeMismatchError, UnknownNameError } from '@polytask/core';
import type { OnnxType } from '../../lower/onnx/graph.js';
import { subject } from './run-error.js';

/** An input or output of a model. */
export interface Slot {
  readonly name: string;
  /** What errors call it. */
  readonly label: string;
  readonly type: OnnxType;
  /** A string is a size that only a run settles. */
  readonly shape: readonly (number | string)[];
}

/** What a model wants of its inputs and outputs. */
export interface SlotInfo {
  readonly name: string;
  readonly type: string;
  readonly shape: Slot['shape'];
}

/** Inputs and outputs of a model by name. */
export interface Slots<S extends Slot> {
  readonly inputs: ReadonlyMap<string, S>;
  readonly outputs: ReadonlyMap<string, S>;
  /** Throws `POLYTASK_UNKNOWN_NAME`. */
  input(name: string): S;
  output(name: string): S;
  /** Throws `POLYTASK_MISSING_INPUT` unless every input is fed. */
  requireInputs(feeds: Readonly<Record<string, unknown>>): void;
  /** The error of a model that is run after it was disposed of. */
  released(): PolytaskError;
}

/** Makes the slots of a model called `name`; `make` adds what a runtime keeps for each. */
export function createSlots<S extends Slot>(
  name: string,
  inputs: readonly SlotInfo[],
  outputs: readonly SlotInfo[],
  make: (slot: Slot) => S,
): Slots<S> {
  const model = subject(name);
  const slotsOf = (infos: readonly SlotInfo[], kind: string) =>
    new Map(infos.map((info) => [info.name, make({ ...info, label: `${kind} \`${info.name}\` of ${model}` } as Slot)]));
  const found = { inputs: slotsOf(inputs, 'Input'), outputs: slotsOf(outputs, 'Output') };
  const within = (slots: ReadonlyMap<string, S>, what: string) => (key: string) => {
    const slot = slots.get(key);
    if (slot === undefined) throw new UnknownNameError(what, key, [...slots.keys()]);
    return slot;
  };
  return {
    ...found,
    input: within(found.inputs, `input of ${model}`),
    output: within(found.outputs, `output of ${model}`),
    requireInputs(feeds) {
      for (const key of found.inputs.keys()) if (feeds[key] === undefined) throw notFed(key, model, Object.keys(feeds));
    },
    released: () => new PolytaskError('POLYTASK_RELEASED', `Running ${model} needs it alive, but it was disposed of.`),
  };
}

/**
 * Throws unless type and shape are the slot's.
 *
 * @throws `POLYTASK_SHAPE_MISMATCH`, `POLYTASK_TYPE_MISMATCH`
 */
export function checkFits(slot: Slot, type: string, shape: readonly number[]): void {
  const required = slot.shape;
  if (shape.length !== required.length || required.some((size, i) => typeof size === 'number' && size !== shape[i])) {
    const sizes = required.map((size) => (typeof size === 'number' ? size : null));
    throw new ShapeMismatchError(slot.label, sizes, shape);
  }
  if (slot.type !== type) {
    throw new PolytaskError('POLYTASK_TYPE_MISMATCH', `${slot.label} must be ${slot.type}, but is ${type}.`);
  }
}

function notFed(name: string, model: string, fed: readonly string[]): PolytaskError {
  return new PolytaskError(
    'POLYTASK_MISSING_INPUT',
    `Input \`${name}\` of ${model} must be fed, but only ${fed.map((key) => `\`${key}\``).join(', ') || 'nothing'} was.`,
  );
}

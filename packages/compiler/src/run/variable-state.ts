import { PolytaskError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { constantData, isConstant, type Value } from '../ir/value.js';
import { engine } from '../trace/engine.js';
import type { HostArray } from './host-array.js';

/** What variables hold, in memory: one array for each, and a second one for results that cannot be written in place. */
export interface VariableState {
  readonly variables: ReadonlyMap<string, tf.Variable>;
  get(name: string): HostArray;
  /** Where the next value is written. */
  target(name: string, inPlace: boolean): HostArray;
  /** Makes the array that was written last the value. */
  commit(name: string, written: HostArray): void;
  /** Takes the variables' values. */
  load(): void;
  /** Gives the variables these values. */
  sync(): void;
}

/** The state of some variables, with the values they have now. */
export function createVariableState(variables: ReadonlyMap<string, tf.Variable>): VariableState {
  const now = new Map<string, HostArray>();
  const spare = new Map<string, HostArray>();
  const state: VariableState = {
    variables,
    get: (name) => now.get(name) as HostArray,
    target(name, inPlace) {
      const value = state.get(name);
      if (inPlace) return value;
      const other = spare.get(name) ?? value.slice();
      spare.set(name, other);
      return other;
    },
    commit(name, written) {
      const before = state.get(name);
      if (before === written) return;
      spare.set(name, before);
      now.set(name, written);
    },
    load() {
      for (const [name, variable] of variables) now.set(name, variable.dataSync().slice() as HostArray);
    },
    sync() {
      for (const [name, variable] of variables) {
        const tensor = tf.tensor(state.get(name).slice(), variable.shape, variable.dtype as 'float32');
        variable.assign(tensor);
        tensor.dispose();
      }
    },
  };
  state.load();
  return state;
}

/** Gives a variable that was made while tracing real numbers: those it started from. */
export function materialise(variable: tf.Variable, initial: Value): void {
  if (!isConstant(initial)) {
    throw new PolytaskError(
      'POLYTASK_TRACE_CAPTURES',
      `A variable must start from numbers that are known when it is made, but \`${variable.name}\` starts from the result of ` +
        `\`${initial.kind === 'node' ? initial.op : 'an input'}\`. Make it before compiling.`,
    );
  }
  const tensor = tf.tensor(constantData(initial), [...initial.shape], initial.dtype);
  engine().disposeTensor(variable);
  (variable as unknown as { dataId: object }).dataId = tensor.dataId;
  (engine() as unknown as { incRef(variable: tf.Variable, backend: null): void }).incRef(variable, null);
  tensor.dispose();
}

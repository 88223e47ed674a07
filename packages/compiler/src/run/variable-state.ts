import { PolytaskError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { constantData, isConstant, type Value } from '../ir/value.js';
import { engine } from '../trace/engine.js';
import type { DeviceStore, HostDevice } from './device.js';
import type { HostArray } from './host-array.js';

/** What variables hold, in memory. */
export interface VariableState {
  readonly tensors: ReadonlyMap<tf.Variable, HostDevice>;
  /** Takes the variables' values. */
  load(): void;
  /** Gives the variables these values. */
  sync(): void;
}

/** The state of some variables, with the values they have now. */
export function createVariableState(variables: Iterable<tf.Variable>, store: DeviceStore): VariableState {
  const numbersOf = (variable: tf.Variable) => variable.dataSync().slice() as HostArray;
  const tensors = new Map<tf.Variable, HostDevice>();
  for (const variable of variables) tensors.set(variable, store.own(numbersOf(variable), variable.shape));
  return {
    tensors,
    load() {
      for (const [variable, tensor] of tensors) tensor.data.set(numbersOf(variable));
    },
    sync() {
      for (const [variable, { data }] of tensors) {
        const tensor = tf.tensor(data.slice(), variable.shape, variable.dtype as 'float32');
        variable.assign(tensor);
        tensor.dispose();
      }
    },
  };
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

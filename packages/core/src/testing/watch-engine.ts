import * as tf from '@tensorflow/tfjs';
import { PolytaskError } from '../errors/polytask-error.js';
import { replaceProperty } from '../executors/replace-property.js';
import type { Refuse } from './refuse-host.js';

/** One operation of a program, in words that two runs can be compared by. */
export interface Operation {
  /** A kernel's name, `constant` for numbers from the host, `uniform` for random ones. */
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
  /** Attributes of a kernel, numbers of a constant (their hash where they are many), path of random numbers. */
  readonly details: string;
}

/** What a program does while the engine is watched. */
export interface EngineWatch {
  readonly operations: Operation[];
  /** Runs `draw`, whose constants are random numbers and may differ from run to run. */
  drawing(path: string, draw: () => tf.Tensor): tf.Tensor;
  /** Refuses tensors that the program did not make itself; `what` it did with them. */
  check(tensor: tf.Tensor, what: string): void;
  /** Refuses tensors that outlive the program. */
  checkKept(): void;
  stop(): void;
}

type Numbers = ArrayLike<number | string | boolean | Uint8Array>;
interface KernelParams {
  readonly kernelName?: string;
  readonly inputs: { readonly [name: string]: tf.Tensor | null | undefined };
  readonly attrs?: unknown;
}
/** The functions of tfjs' engine that everything goes through. */
interface Engine {
  nextTensorId(): number;
  runKernelFunc(params: KernelParams): tf.Tensor | tf.Tensor[];
  makeTensor(values: Numbers, shape: number[], dtype?: string, ...rest: unknown[]): tf.Tensor;
  trackTensor(tensor: tf.Tensor, ...rest: unknown[]): void;
  incRef(variable: tf.Variable, ...rest: unknown[]): void;
}

/** Watches tfjs' engine during one run of a program that may use `known` tensors besides those that it makes. */
export function watchEngine(program: string, known: Iterable<tf.Tensor>, refuse: Refuse): EngineWatch {
  const engine = tf.engine() as unknown as Engine;
  const { runKernelFunc, makeTensor, trackTensor, incRef } = engine;
  const operations: Operation[] = [];
  const made: tf.Tensor[] = [];
  const first = engine.nextTensorId();
  const knownIds = new Set<number>();
  const knownData = new WeakSet<object>();
  for (const tensor of known) {
    knownIds.add(tensor.id);
    knownData.add(tensor.dataId);
  }
  let drawing = false;

  const captured = (tensor: { shape: readonly number[] }, what: string): never =>
    refuse(
      new PolytaskError(
        'POLYTASK_PROGRAM_CAPTURES',
        `A program must work on its feeds, on registered variables and on what it makes itself, but \`${program}\` ${what} a ` +
          `${tensor instanceof tf.Variable ? 'variable' : 'tensor'} of shape [${tensor.shape.join(', ')}] from outside, which a ` +
          'compiled executor would freeze. ' +
          (tensor instanceof tf.Variable
            ? 'Make variables with `scope.variable`, or register them with `scope.adopt`.'
            : 'Make constants within the program, and feed whatever changes.'),
      ),
    );
  const check = (tensor: tf.Tensor, what: string) => {
    if (tensor.id < first && !knownIds.has(tensor.id)) captured(tensor, what);
  };
  const reads = () =>
    refuse(
      new PolytaskError(
        'POLYTASK_PROGRAM_READS',
        `A program must not read tensors, but \`${program}\` did (dataSync, arraySync, data, array, bytes, buffer, print, ` +
          'toString). A compiled executor has no values to show. Compute with tensors, or give the tensor as an output and ' +
          'read it on the host.',
      ),
    );

  const undo = [
    replaceProperty(engine, 'readSync', reads),
    replaceProperty(engine, 'readToGPU', reads),
    replaceProperty(engine, 'read', () => {
      try {
        return reads();
      } catch {
        // Nobody waits for this one: the refusal has been noted, and comes when the program ends.
        return new Promise(() => {});
      }
    }),
    replaceProperty(engine, 'runKernelFunc', (params: KernelParams) => {
      const name = params.kernelName ?? 'custom gradient';
      const inputs = Object.values(params.inputs).filter((input) => input instanceof tf.Tensor);
      for (const input of inputs) check(input, `gave kernel \`${name}\``);
      const found = runKernelFunc.call(engine, params);
      const outputs = Array.isArray(found) ? found : [found];
      operations.push({
        name,
        inputs: inputs.map((input) => input.shape),
        outputs: outputs.map((output) => output.shape),
        details: describe(params.attrs),
      });
      return found;
    }),
    replaceProperty(engine, 'makeTensor', (values: Numbers, shape: number[], ...rest: []) => {
      if (!drawing) operations.push({ name: 'constant', inputs: [], outputs: [shape], details: numbers(values) });
      return makeTensor.call(engine, values, shape, ...rest);
    }),
    replaceProperty(engine, 'trackTensor', (tensor: tf.Tensor, ...rest: []) => {
      if (!(tensor instanceof tf.Variable)) made.push(tensor);
      knownData.add(tensor.dataId);
      return trackTensor.call(engine, tensor, ...rest);
    }),
    replaceProperty(engine, 'incRef', (variable: tf.Variable, ...rest: []) => {
      const own = knownData.has(variable.dataId);
      // The assignment is finished first: the variable has let go of what it held before.
      incRef.call(engine, variable, ...rest);
      if (!knownIds.has(variable.id)) captured(variable, 'assigned');
      if (!own) captured({ shape: variable.shape }, 'assigned to a variable');
    }),
    replaceProperty(engine, 'makeVariable', () =>
      refuse(
        new PolytaskError(
          'POLYTASK_PROGRAM_CAPTURES',
          `A program must not make variables, but \`${program}\` called \`tf.variable\`. Make them once, when the part is bound, ` +
            'with `scope.variable`.',
        ),
      ),
    ),
  ];

  return {
    operations,
    check,
    drawing(path, draw) {
      drawing = true;
      try {
        const tensor = draw();
        operations.push({ name: 'uniform', inputs: [], outputs: [tensor.shape], details: path });
        return tensor;
      } finally {
        drawing = false;
      }
    },
    checkKept() {
      const kept = made.find((tensor) => (tensor as unknown as { kept: boolean }).kept && !tensor.isDisposed);
      if (kept === undefined) return;
      refuse(
        new PolytaskError(
          'POLYTASK_PROGRAM_KEEPS',
          `A program must leave nothing behind, but \`${program}\` called \`tf.keep\` on a tensor of shape ` +
            `[${kept.shape.join(', ')}], which nobody disposes of. Give it as an output, or declare it as state.`,
        ),
      );
    },
    stop() {
      for (const one of undo.reverse()) one();
    },
  };
}

/** Numbers as text, or their count and hash where they are many. */
function numbers(values: Numbers): string {
  if (values.length <= 8) return Array.from(values, String).join(', ');
  let hash = 0x811c9dc5;
  for (let i = 0; i < values.length; i++) {
    for (const character of String(values[i]))
      hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193);
  }
  return `${values.length} numbers with hash ${(hash >>> 0).toString(16)}`;
}

function describe(value: unknown): string {
  if (ArrayBuffer.isView(value)) return numbers(value as unknown as Numbers);
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key} ${describe(one)}`)
    .join(', ');
}

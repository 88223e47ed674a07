import * as tf from '@tensorflow/tfjs';
import type {
  DeviceTensor,
  ExecutorSession,
  ParameterSet,
  Program,
  ProgramCall,
  ProgramContext,
  ProgramResult,
} from '../contracts/executor.js';
import type { ParameterLayout, Segment } from '../contracts/parameters.js';
import { type HostTensor, type NamedTensors, sizeOf } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';

interface EagerTensor extends DeviceTensor {
  tensor: tf.Tensor;
}

/** Stands in for `program.run(feeds, context)`; tests use it to watch what a program does. */
export type ProgramGuard = (program: Program, feeds: NamedTensors, context: ProgramContext) => NamedTensors;

/**
 * Runs programs as they are, on whatever tfjs backend is set. The flat vector is the truth; the model's variables are filled
 * from it (a split of one tensor, no copy through the host) whenever they hold another set or an older value.
 */
export function createEagerSession(layout: ParameterLayout, guard?: ProgramGuard): ExecutorSession {
  const live = new Set<EagerTensor>();
  // The tensors that the variables were last filled from.
  let boundValues: tf.Tensor | undefined;
  let boundState: tf.Tensor | undefined;
  let disposed = false;

  function own(tensor: tf.Tensor): EagerTensor {
    const handle: EagerTensor = { shape: tensor.shape, dtype: tensor.dtype === 'int32' ? 'int32' : 'float32', tensor };
    live.add(handle);
    return handle;
  }

  function inside(handle: DeviceTensor): EagerTensor {
    if (!live.has(handle as EagerTensor)) {
      throw new PolytaskError(
        'POLYTASK_RELEASED',
        'A device tensor must be used before it is released and with the session that made it; this one is not alive here.',
      );
    }
    return handle as EagerTensor;
  }

  function bind(parameters: ParameterSet): void {
    const values = inside(parameters.values).tensor;
    const state = inside(parameters.state).tensor;
    if (boundValues !== values) {
      scatter(values, layout.segments);
      boundValues = values;
    }
    if (boundState !== state) {
      scatter(state, layout.stateSegments);
      boundState = state;
    }
  }

  /** Stores or undoes what the program assigned to non-trainable variables. */
  function settleState(parameters: ParameterSet, before: readonly object[], keep: boolean): void {
    const moved = layout.stateSegments.some((segment, i) => segment.variable.dataId !== before[i]);
    if (!moved) return;
    const handle = inside(parameters.state);
    if (!keep) {
      scatter(handle.tensor, layout.stateSegments);
      return;
    }
    const flat = tf.tidy(() => tf.concat(layout.stateSegments.map((segment) => tf.reshape(segment.variable, [-1]))));
    handle.tensor.dispose();
    handle.tensor = flat;
    boundState = flat;
  }

  function replace(handle: EagerTensor, tensor: tf.Tensor): void {
    // What the variables were filled from is gone; the next run with these parameters fills them again.
    if (boundValues === handle.tensor) boundValues = undefined;
    if (boundState === handle.tensor) boundState = undefined;
    handle.tensor.dispose();
    handle.tensor = tensor;
  }

  async function run(program: Program, call: ProgramCall): Promise<ProgramResult> {
    if (disposed) throw new PolytaskError('POLYTASK_RELEASED', `Program \`${program.name}\` was run after dispose().`);
    if (call.parameters !== undefined) bind(call.parameters);
    const stateBefore = layout.stateSegments.map((segment) => segment.variable.dataId);
    const valuesBefore = layout.segments.map((segment) => segment.variable.dataId);
    const uploaded: tf.Tensor[] = [];
    const outputs: Record<string, tf.Tensor> = {};
    try {
      const feeds: Record<string, tf.Tensor> = {};
      for (const [name, value] of Object.entries(call.feeds)) {
        // Some backends keep an array as it is, and results may lie in it, but its owner may write over it.
        const tensor = 'data' in value ? toTensor(copied(value)) : inside(value).tensor;
        if ('data' in value) uploaded.push(tensor);
        feeds[name] = tensor;
      }
      Object.assign(
        outputs,
        tf.tidy(() => {
          const all = guarded(program, feeds, call, guard);
          const wanted: Record<string, tf.Tensor> = {};
          // Tensors that belong to somebody: feeds, and what has been taken under another name.
          const taken = new Set(Object.values(feeds));
          for (const [name, target] of Object.entries(call.outputs)) {
            const output = all[name];
            if (output === undefined) {
              throw new PolytaskError('POLYTASK_NO_OUTPUT', `Program \`${program.name}\` gives no output \`${name}\`.`);
            }
            if (typeof target !== 'string') {
              requireShape(`Output \`${name}\` of program \`${program.name}\``, inside(target), output.shape);
            }
            wanted[name] = taken.has(output) || output instanceof tf.Variable ? tf.clone(output) : output;
            taken.add(output);
          }
          return wanted;
        }),
      );
      const changed = layout.segments.find((segment, i) => segment.variable.dataId !== valuesBefore[i]);
      if (changed !== undefined) {
        throw new PolytaskError(
          'POLYTASK_ASSIGNED_TRAINABLE',
          `Program \`${program.name}\` assigned the trainable variable \`${changed.path}\`. Only the optimizer moves trainable ` +
            'variables; register a statistic with `{ trainable: false }`.',
        );
      }
    } catch (error) {
      tf.dispose(outputs);
      // A program that failed halfway may have left values and statistics behind.
      boundValues = undefined;
      if (call.parameters !== undefined) settleState(call.parameters, stateBefore, false);
      throw error;
    } finally {
      tf.dispose(uploaded);
    }
    if (call.parameters !== undefined) settleState(call.parameters, stateBefore, call.keepState ?? true);

    const host: Record<string, HostTensor> = {};
    const device: Record<string, DeviceTensor> = {};
    const reads: [string, tf.Tensor][] = [];
    for (const [name, target] of Object.entries(call.outputs)) {
      const tensor = outputs[name] as tf.Tensor;
      if (target === 'read') reads.push([name, tensor]);
      else if (target === 'hold') device[name] = own(tensor);
      else replace(inside(target), tensor);
    }
    for (const [name, tensor] of reads) {
      host[name] = await read(tensor);
      tensor.dispose();
    }
    return { host, device };
  }

  return {
    run,
    upload: (value) => own(toTensor(copied(value))),
    write(target, value) {
      requireShape('What is written to a device tensor', inside(target), value.shape);
      replace(inside(target), toTensor(copied(value)));
    },
    download: async (handle) => read(inside(handle).tensor),
    release(handle) {
      const { tensor } = inside(handle);
      if (boundValues === tensor) boundValues = undefined;
      if (boundState === tensor) boundState = undefined;
      tensor.dispose();
      live.delete(handle as EagerTensor);
    },
    sync: bind,
    dispose() {
      for (const { tensor } of live) tensor.dispose();
      live.clear();
      disposed = true;
    },
  };
}

function guarded(
  program: Program,
  feeds: NamedTensors,
  call: ProgramCall,
  guard: ProgramGuard | undefined,
): NamedTensors {
  const occurrences = new Map<string, number>();
  const context: ProgramContext = {
    uniform(path, shape) {
      if (call.uniform === undefined) {
        throw new PolytaskError(
          'POLYTASK_NO_RANDOMNESS',
          `Program \`${program.name}\` asked for random numbers (\`${path}\`) where there are none. Draw them in training steps only.`,
        );
      }
      const occurrence = occurrences.get(path) ?? 0;
      occurrences.set(path, occurrence + 1);
      const length = sizeOf(shape);
      return tf.tensor(call.uniform(path, occurrence, length), [...shape], 'float32');
    },
  };
  return guard === undefined ? program.run(feeds, context) : guard(program, feeds, context);
}

/** On the host, as a copy: the backend may hand out its own array. */
async function read(tensor: tf.Tensor): Promise<HostTensor> {
  return { data: (await tensor.data()).slice() as Float32Array | Int32Array, shape: tensor.shape };
}

/** What lives longer than one run must not change when its maker writes to the array. */
function copied({ data, shape }: HostTensor): HostTensor {
  return { data: data.slice(), shape };
}

function requireShape(what: string, target: DeviceTensor, found: readonly number[]): void {
  if (found.join() !== target.shape.join()) throw new ShapeMismatchError(what, target.shape, found);
}

function toTensor(value: HostTensor): tf.Tensor {
  return tf.tensor(value.data, [...value.shape], value.data instanceof Int32Array ? 'int32' : 'float32');
}

/** Fills variables from the flat vector. */
function scatter(flat: tf.Tensor, segments: readonly Segment[]): void {
  if (segments.length === 0) return;
  tf.tidy(() => {
    const parts = tf.split(
      flat,
      segments.map((segment) => segment.size),
    );
    segments.forEach((segment, i) => {
      segment.variable.assign(tf.reshape(parts[i] as tf.Tensor, segment.shape as number[]));
    });
  });
}

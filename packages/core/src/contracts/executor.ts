import type * as tf from '@tensorflow/tfjs';
import { type Description, type DescriptionInput, definePart } from './description.js';
import type { ParameterLayout } from './parameters.js';
import type { HostTensor, NamedTensors } from './tensors.js';

/** Numbers that live with the executor. A handle; only its session can look inside. */
export interface DeviceTensor {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

/** A value for every variable: θ and the non-trainable statistics that go with it. Scratch copies cost no traffic to the host. */
export interface ParameterSet {
  /** `[layout.size]` */
  readonly values: DeviceTensor;
  /** `[layout.stateSize]` */
  readonly state: DeviceTensor;
}

/** What a program may use besides its feeds and variables. */
export interface ProgramContext {
  /** See `StepContext.uniform`. */
  uniform(path: string, shape: readonly number[]): tf.Tensor;
}

/**
 * Ordinary tfjs code as a function of variables and feeds, and of nothing else: no `Math.random`, no clock, no `dataSync`.
 * The same program object with the same feed shapes runs the same kernels every time, so an executor may trace it once.
 */
export interface Program {
  readonly name: string;
  run(feeds: NamedTensors, context: ProgramContext): NamedTensors;
  /**
   * Throws where the parts behind the program are not what they say, with the same feeds and variables. For executors that check; it
   * costs as much as the program, may read tensors, and leaves everything as it is.
   */
  check?(feeds: NamedTensors, context: ProgramContext): void;
}

/** Fills an array with the uniform numbers of one place in one step; stateless, so that any executor asks in any order. */
export type UniformSource = (path: string, occurrence: number, length: number) => Float32Array;

/** One run of a program. */
export interface ProgramCall {
  /** What the model's variables hold while the program runs; none if it uses none. */
  readonly parameters?: ParameterSet;
  /** Whether assignments to non-trainable variables stay in `parameters.state` (default) or are undone. */
  readonly keepState?: boolean;
  readonly feeds: { readonly [name: string]: HostTensor | DeviceTensor };
  /**
   * What happens to each output: `'read'` comes back as a host tensor, `'hold'` as a new device tensor, a device tensor is
   * overwritten (also one that was fed or belongs to `parameters`). Outputs not named are dropped.
   */
  readonly outputs: { readonly [name: string]: 'read' | 'hold' | DeviceTensor };
  readonly uniform?: UniformSource;
}

/** What a program gave: host tensors for `'read'`, device tensors for `'hold'`. */
export interface ProgramResult {
  readonly host: { readonly [name: string]: HostTensor };
  readonly device: { readonly [name: string]: DeviceTensor };
}

/** An executor at work for one model. */
export interface ExecutorSession {
  run(program: Program, call: ProgramCall): Promise<ProgramResult>;
  upload(value: HostTensor): DeviceTensor;
  /** Overwrites `target` with numbers from the host. */
  write(target: DeviceTensor, value: HostTensor): void;
  download(tensor: DeviceTensor): Promise<HostTensor>;
  release(tensor: DeviceTensor): void;
  /** Fills the model's variables with these parameters, for code outside programs (a user's `tf.LayersModel`). */
  sync(parameters: ParameterSet): void | Promise<void>;
  /** Releases everything; the variables stay. */
  dispose(): void;
}

/** Runs programs: eagerly on a tfjs backend, or compiled. */
export interface Executor extends Description<'executor'> {
  open(layout: ParameterLayout): ExecutorSession | Promise<ExecutorSession>;
}

/** Makes an {@link Executor}. */
export function defineExecutor(executor: DescriptionInput<Executor>): Executor {
  return definePart<Executor>('executor', executor);
}

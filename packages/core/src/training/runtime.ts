import type { Batch } from '../contracts/batch.js';
import type {
  DeviceTensor,
  ExecutorSession,
  ParameterSet,
  Program,
  ProgramCall,
  UniformSource,
} from '../contracts/executor.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { ParameterReader, SegmentRange } from '../contracts/parameters.js';
import type { HostFeeds, HostTensor } from '../contracts/tensors.js';
import type { Model } from '../model/multi-task-model.js';
import type { Programs } from '../programs/programs.js';
import type { UpdateMode } from '../programs/update.js';

/** Where a step's further batches come from. */
export interface BatchSources {
  another(): Promise<Batch>;
  validation(): Promise<Batch>;
}

/**
 * Whose own parameters, moments, counts and statistics move in a step; all others stand still. What all tasks share moves in every step
 * that is taken, and so does what none uses; a balancing's variables where there is something to balance.
 */
export interface Moving {
  /** Indices of the objectives present. */
  readonly active: readonly number[];
  /** Of the tasks that auxiliary terms teach, with a label or without; undefined where no term has anything to do. */
  readonly taught: readonly number[] | undefined;
}

/** What a training program gives for the history. */
export interface StepNumbers {
  /** Auxiliary terms by name, not weighted. */
  readonly terms: { readonly [term: string]: number };
  /** What parts record, by full name. */
  readonly logged: { readonly [name: string]: number };
}

/** Everything of a run that lives with the executor, and the host numbers that go with it. */
export interface Runtime {
  readonly model: Model;
  readonly session: ExecutorSession;
  readonly programs: Programs;
  readonly parameters: ParameterSet;
  /** The optimizer's moments. */
  readonly slots: { readonly [slot: string]: DeviceTensor };
  /** Updates that each range of the layout has had. */
  counts: number[];
  /** Device tensors that strategies carry from step to step. */
  readonly stored: Map<string, DeviceTensor>;
  /** What auxiliary objectives' host phases gave last; saved, since a phase may be older than the checkpoint. */
  readonly prepared: Map<string, HostFeeds>;
  readonly reader: ParameterReader;
  /** The last step taken. */
  reached: StepInfo;
  /** How often strategies have changed what they keep on the device. */
  touched: number;
  /** Further batches for a part with a stream of its own; undefined outside of `fit`. */
  further: ((stream: string) => BatchSources) | undefined;
  /** Feeds of a batch for training programs, strategies' numbers for auxiliary terms included. */
  feeds(batch: Batch, info: StepInfo): Promise<Record<string, HostTensor | DeviceTensor>>;
  /** Feeds of a batch for the model alone. */
  modelFeeds(batch: Batch, info: StepInfo): Record<string, HostTensor>;
  /** The sharing strategy's numbers outside of training steps. */
  inferenceFeeds(): Record<string, HostTensor>;
  /** Lets go of what was made for the feeds of a step. */
  endStep(): void;
  /** Indices of the objectives present in a batch. */
  active(batch: Batch): number[];
  /** What moves in a step on a batch. */
  moving(batch: Batch, info: StepInfo): Moving;
  /** Whether there is anything to learn from a batch: a label, or rows for an auxiliary term. */
  teaches(batch: Batch, info: StepInfo): boolean;
  /** Random numbers of the `draw`-th batch of a step. */
  uniform(step: number, draw: number, part?: number): UniformSource;
  /**
   * Runs a program that ends with the optimizer's update, overwriting parameters and moments of what is `moving`. With `trial`, a scratch copy gets what the update makes of it, and nothing else
   * changes; `moves` narrows down what moves.
   */
  update(
    program: (mode: UpdateMode) => Program,
    step: number,
    moving: Moving,
    call: ProgramCall,
    options?: {
      readonly trial?: ParameterSet | undefined;
      readonly moves?: ((range: SegmentRange) => boolean) | undefined;
    },
  ): Promise<{ readonly [output: string]: HostTensor }>;
  /** What asks a training program for its auxiliary terms and logged numbers, where there are any. */
  readonly termsOutput: { readonly terms?: 'read' };
  /**
   * The auxiliary terms and logged numbers by name, from the output `terms` of a training program. Errors: `POLYTASK_NON_FINITE` for a
   * term that is not finite.
   */
  terms(host: { readonly [output: string]: HostTensor }, step: number): StepNumbers;
}

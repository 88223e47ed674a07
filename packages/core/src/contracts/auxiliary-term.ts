import type * as tf from '@tensorflow/tfjs';
import type { Batch, TensorBatch } from './batch.js';
import type { Lifecycle } from './description.js';
import type { StepContext } from './encoder.js';
import type { DeviceTensor } from './executor.js';
import type { ForwardState } from './forward-state.js';
import type { Relabelling } from './label-overlays.js';
import type { EpochEnd, Recorded, StepInfo } from './loss-weighting.js';
import type { ParameterReader } from './parameters.js';
import type { PreparePrimitives } from './step-plan.js';
import type { TaskConstants } from './task.js';
import type { HostFeeds, HostTensor, NamedTensors, State, TensorsNamed } from './tensors.js';

/** What an auxiliary term is computed from, in a training step. */
export interface AuxiliaryInput<Feeds extends string = string> {
  readonly state: ForwardState;
  readonly batch: TensorBatch;
  /** What `prepare`, `feeds` and `batchFeeds` gave. */
  readonly feeds: TensorsNamed<Feeds>;
  /** What the tasks learned from the training labels, by task. */
  readonly constants: { readonly [task: string]: TaskConstants };
  /** For layers of the term's own. `uniform` draws numbers that no other part of the step gets. */
  readonly step: StepContext;
  /**
   * Runs the model once more in the same program: on another view of the rows, or on the same rows with other dropout. Gradients
   * flow through it. Statistics of BatchNorm do not move.
   *
   * @param inputs - default: the batch's.
   * @param options - `training: false` leaves dropout out and uses BatchNorm's averages. Default true.
   */
  forward(inputs?: NamedTensors, options?: { readonly training?: boolean }): ForwardState;
  /** A task's predictions as it gives them to users: probabilities, or values in units. Of `state`, or of a further pass. */
  predict(task: string, state?: ForwardState): tf.Tensor;
  /**
   * A task's loss of every row of the batch, unweighted, `[rows]`: of `state`, of a further pass, or of a state with other outputs,
   * such as those of a second head. Rows without a label count for nothing; `batch.weights` has 0 there.
   *
   * @param target - What to compare with, of the shape of the labels, or distributions over classes for class ids: another task's
   * predictions, a teacher's. Default: the labels.
   */
  rowLosses(task: string, state?: ForwardState, target?: tf.Tensor): tf.Tensor;
}

/** What `inspect` of an auxiliary term looks at. */
export type InspectInput = Pick<AuxiliaryInput, 'state' | 'constants' | 'predict'>;

/** What an auxiliary term's `loss` may give instead of the scalar alone. */
export interface AuxiliaryLoss {
  readonly loss: tf.Tensor;
  /** Scalars by the names of {@link BoundAuxiliary.logged}. */
  readonly logged: NamedTensors;
}

/** What {@link BoundAuxiliary.actsOn} goes by, on the host. */
export interface LabelledRows {
  /** Per task and row: 0 where the label is missing. Where gradients are accumulated, of all parts. */
  readonly weights: Batch['weights'];
  /** The step about to be taken. */
  readonly step: StepInfo;
}

/** An auxiliary term in one run. */
export interface BoundAuxiliary<
  Prepared extends string = string,
  Numbers extends string = string,
  Rows extends string = string,
  Saved extends State = State,
> extends Lifecycle<Saved>,
    EpochEnd {
  /** Names of scalars that `loss` gives to be recorded: a rate of rows kept, an accuracy of a discriminator. */
  readonly logged?: readonly string[] | undefined;
  /**
   * Host phase before the first of every `updateEvery` steps; what it gives is fed until the next time. Same names and shapes
   * every time. All reads of one phase cost one transfer. The primitives may keep device tensors by `store`, such as an average
   * of the parameters. Losses and gradients are for observers and plans: a training program needs what is made here.
   */
  prepare?(
    parameters: ParameterReader,
    primitives: PreparePrimitives,
  ): Promise<HostFeeds<Prepared>> | HostFeeds<Prepared>;
  /** Host numbers for every step, such as an annealed factor. Same names and shapes every step. */
  feeds?(step: StepInfo): HostFeeds<Numbers>;
  /**
   * Asynchronous phase for every batch that a step looks at (`primitives.batch`), before the first program over it and after
   * `prepare`: for what has to fit its rows, such as a teacher's predictions under other parameters. Results may stay with the
   * executor.
   */
  batchFeeds?(primitives: PreparePrimitives): Promise<{ readonly [Name in Rows]: HostTensor | DeviceTensor }>;
  /**
   * What an auxiliary objective has to say of every row `[rows, ...]`, also where nothing is trained and no row has a label: how far
   * predictions are from agreeing. By the names of `inspected`; in tfjs, without feeds. `trainer.inspect` gives
   * it among the intermediates, under `<part>/<name>`.
   */
  inspect?(input: InspectInput): NamedTensors;
  /**
   * Targets that tasks learn from in the place of their labels, by task, in tfjs: of the shape of the labels, or distributions over
   * classes where these are class ids. Only rows with a label count in a task's loss, as ever, and balancing sees the loss under
   * these targets. Where several terms give targets of one task, the later sees what the earlier gave.
   */
  targets?(input: Pick<AuxiliaryInput<Prepared | Numbers | Rows>, 'batch' | 'feeds' | 'constants'>): NamedTensors;
  /**
   * After every epoch: may lay other labels over those of the training data, from what the model makes of its rows. What it gives is
   * recorded in the history, under `<part>/<name>`. Overlays are saved by core.
   */
  relabel?(rows: Relabelling): Recorded | Promise<Recorded>;
  /**
   * The tasks that the term teaches in a batch with these labels. What these tasks have for themselves moves then, whether they have a
   * label there or not, and a batch without any label is a step of such terms alone. An empty list: only what all tasks share learns;
   * undefined: the term has nothing to do there. Default undefined: for terms that need labels, and for penalties on parameters, which are
   * no reason to take a step. Host code.
   */
  actsOn?(rows: LabelledRows): readonly string[] | undefined;
  /** A scalar, in tfjs. May use model variables through the layout or the scope that its maker was bound to. */
  loss(input: AuxiliaryInput<Prepared | Numbers | Rows>): tf.Tensor | AuxiliaryLoss;
}

/** A term that is added to the balanced loss: its weight times a scalar. The history records the scalar. */
export interface AuxiliaryTerm extends BoundAuxiliary {
  readonly name: string;
  /** Default 1. */
  readonly weight?: number | undefined;
  /** Steps between two calls of `prepare`. Default 1. */
  readonly updateEvery?: number | undefined;
}

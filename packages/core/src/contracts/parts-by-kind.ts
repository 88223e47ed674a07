import type { AuxiliaryObjective } from './auxiliary.js';
import type { PartKind } from './description.js';
import type { Encoder } from './encoder.js';
import type { Executor } from './executor.js';
import type { GradientBalancing } from './gradient-balancing.js';
import type { LossWeighting } from './loss-weighting.js';
import type { Metric } from './metric.js';
import type { Observer } from './observer.js';
import type { Optimizer } from './optimizer.js';
import type { TaskSchedule } from './schedule.js';
import type { SharingStrategy } from './sharing.js';
import type { StepPlan } from './step-plan.js';
import type { AnyTask } from './task.js';

/** The contract of every kind of part. */
export interface PartsByKind {
  readonly task: AnyTask;
  readonly metric: Metric;
  readonly encoder: Encoder;
  readonly sharing: SharingStrategy;
  readonly 'loss-weighting': LossWeighting;
  readonly 'gradient-balancing': GradientBalancing;
  readonly 'step-plan': StepPlan;
  readonly auxiliary: AuxiliaryObjective;
  readonly schedule: TaskSchedule;
  readonly observer: Observer;
  readonly optimizer: Optimizer;
  readonly executor: Executor;
}

/** A part of one of these kinds. */
export type PartOf<Kind extends PartKind> = PartsByKind[Kind];

import type { AuxiliaryObjective } from './auxiliary.js';
import type { GradientBalancing } from './gradient-balancing.js';
import type { LossWeighting } from './loss-weighting.js';
import type { TaskSchedule } from './schedule.js';
import type { SharingStrategy } from './sharing.js';
import type { StepPlan } from './step-plan.js';

/** What a method of multi-task learning is: any of the kinds that a run puts together. Its `kind` says which. */
export type Strategy =
  | SharingStrategy
  | LossWeighting
  | GradientBalancing
  | StepPlan
  | AuxiliaryObjective
  | TaskSchedule;

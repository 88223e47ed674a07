import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { StepInfo, TaskRoles } from './loss-weighting.js';
import type { StepReport } from './step-report.js';
import type { AnyTask } from './task.js';
import type { State } from './tensors.js';

/** What a schedule is bound to. */
export interface ScheduleContext extends TaskRoles {
  readonly tasks: readonly string[];
  /** The same with their definitions. */
  readonly definitions: readonly AnyTask[];
  /** Rows in each task's data set `[K]`, in all. */
  readonly sizes: readonly number[];
  readonly batchSize: number;
  /** A seeded stream of uniform numbers for one step. */
  uniform(step: number): () => number;
}

/** A schedule in one run; its state is data. */
export interface BoundSchedule<Saved extends State = State> extends Lifecycle<Saved> {
  /**
   * How many rows of each task's data set the batch of this step takes `[K]`; they sum to the batch size. Asked once per step,
   * so that it may draw and remember.
   */
  rows(step: StepInfo): readonly number[];
  /** Called after every step with what happened; tasks without rows have a loss of NaN. */
  observe?(report: StepReport, step: StepInfo): void;
}

/** Chooses tasks and rows per step where tasks have data sets of their own. */
export interface TaskSchedule extends Description<'schedule'> {
  bind(context: ScheduleContext): BoundSchedule;
}

/** Makes a {@link TaskSchedule}. */
export function defineSchedule<Saved extends State = State>(
  schedule: Omit<DescriptionInput<TaskSchedule>, 'bind'> & { bind(context: ScheduleContext): BoundSchedule<Saved> },
): TaskSchedule {
  return definePart<TaskSchedule>('schedule', schedule as DescriptionInput<TaskSchedule>);
}

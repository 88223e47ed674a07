import { PolytaskError } from './polytask-error.js';

/**
 * The labels of a task cannot be learned from: there are none, they are all the same, or one is out of range; code
 * `POLYTASK_LABELS`.
 */
export class LabelError extends PolytaskError {
  readonly task: string;

  /** @param option Of the task, that the advice is about. */
  constructor(task: string, problem: string, advice: string, option = 'column') {
    super('POLYTASK_LABELS', `Task \`${task}\`: ${problem}. ${advice}`, { option });
    this.task = task;
  }
}

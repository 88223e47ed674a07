import { PolytaskError } from './polytask-error.js';

/**
 * The labels of a task cannot be learned from: there are none, they are all the same, or one is out of range; code
 * `POLYTASK_LABELS`.
 */
export class LabelError extends PolytaskError {
  readonly task: string;

  constructor(task: string, problem: string, advice: string) {
    super('POLYTASK_LABELS', `Task \`${task}\`: ${problem}. ${advice}`);
    this.task = task;
  }
}

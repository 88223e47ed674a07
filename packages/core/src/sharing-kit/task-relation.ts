import type { TaskRelation } from '../contracts/task-relation.js';

/** The relation whose intermediate of each task is `<name>/<task>`. */
export function taskRelation(
  name: string,
  over: TaskRelation['over'],
  tasks: readonly string[],
  places?: TaskRelation['places'],
): TaskRelation {
  return { name, over, of: Object.fromEntries(tasks.map((task) => [task, `${name}/${task}`])), places };
}

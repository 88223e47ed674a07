/**
 * How a sharing strategy has learned that its tasks are related: where among the intermediates of a pass outside of training it
 * stands, task by task.
 */
export interface TaskRelation {
  /** What the relation is called: `gates`, `adjacency`, `units/dense0`. */
  readonly name: string;
  /** `tasks`: how much a task takes of each task, in task order; `places`: its share of each expert, or whatever else tasks meet in. */
  readonly over: 'tasks' | 'places';
  /** By task, the name of the intermediate, `[..., n]`: the last axis is over the tasks or places. */
  readonly of: { readonly [task: string]: string };
  /** By task, the names of its n places: those of one name are the same place. Default: all tasks have the same. */
  readonly places?: { readonly [task: string]: readonly string[] } | undefined;
}

import type { NetworkResult, RunDocument } from './document.js';
import type { NetworkName } from './run-folder.js';

/** A network that a run trains. */
export interface RunNetwork {
  readonly name: NetworkName;
  /** Under `repeat`: which time, counted from 0. */
  readonly repetition: number;
  readonly seed: number;
  /** The task that it learns alone; undefined where it learns all of them. */
  readonly task?: string;
}

/** What it takes to know the networks of a run. */
interface Plan {
  readonly config: { readonly seed: number; readonly repeat?: number; readonly compare: 'single-task' | 'none' };
  readonly tasks: readonly { readonly name: string }[];
  /** Tasks whose networks alone teach the joint one, and come before it. */
  readonly teachers?: readonly string[];
}

/**
 * The networks of a run in the order in which they are trained: all of the first seed, then all of the next, so that a run that is
 * stopped has whole pairs to compare; those that teach come before the one that they teach. The model that is kept is that of the first.
 */
export function networksOf({ config, tasks, teachers = [] }: Plan): RunNetwork[] {
  return Array.from({ length: config.repeat ?? 1 }, (_, repetition) => {
    const prefix = repetition === 0 ? '' : (`repeat-${repetition + 1}-` as const);
    const common = { repetition, seed: config.seed + repetition };
    const alone = tasks.map(({ name: task }, index): RunNetwork => {
      return { ...common, name: `${prefix}single-task-${index + 1}`, task };
    });
    const joint: RunNetwork = { ...common, name: `${prefix}joint` };
    const teaching = alone.filter(({ task }) => teachers.includes(task as string));
    const others = alone.filter((one) => !teaching.includes(one));
    return [...teaching, joint, ...(config.compare === 'single-task' ? others : [])];
  }).flat();
}

/** Whether a run says how joint training compares with single-task training: where all tasks have a network alone. */
export function isCompared({ config, tasks, teachers = [] }: Plan): boolean {
  return config.compare === 'single-task' || tasks.every(({ name }) => teachers.includes(name));
}

/** What a network did; undefined where it has not been trained yet. */
export function resultOf(
  document: Pick<RunDocument, 'joint' | 'singleTask' | 'repeats'>,
  { repetition, task }: Pick<RunNetwork, 'repetition' | 'task'>,
): NetworkResult | undefined {
  const results = repetition === 0 ? document : document.repeats?.[repetition - 1];
  if (task === undefined) return results?.joint;
  return results?.singleTask !== undefined && Object.hasOwn(results.singleTask, task)
    ? results.singleTask[task]
    : undefined;
}

/** What changes in `run.json` when a network has been trained. */
export function withResult(
  document: RunDocument,
  { repetition, seed, task }: RunNetwork,
  result: NetworkResult,
): Partial<RunDocument> {
  const results = repetition === 0 ? document : (document.repeats?.[repetition - 1] ?? { seed });
  const changes = task === undefined ? { joint: result } : { singleTask: { ...results.singleTask, [task]: result } };
  if (repetition === 0) return changes;
  const repeats = [...(document.repeats ?? [])];
  repeats[repetition - 1] = { ...(results as (typeof repeats)[number]), ...changes };
  return { repeats };
}

/** The first network without results on the test rows; undefined where all have them. */
export function unfinishedNetwork(document: RunDocument): RunNetwork | undefined {
  return networksOf(document).find((network) => resultOf(document, network)?.tasks === undefined);
}

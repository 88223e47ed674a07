import { isDeepStrictEqual } from 'node:util';
import type { AnyTask, PartDescription } from '@polytask/core';
import { type LabelOptions, mostClasses, type TableEncoding, type VectorLabel } from '@polytask/data';
import type { Config } from '../config/schema.js';

/** The label of a task: a column, or several. */
export type TaskLabel = LabelOptions | VectorLabel;

/** What a task says of its labels. */
export type LabelFacts = Pick<AnyTask, 'type' | 'label' | 'target' | 'problem'>;

/**
 * What labels the tasks of a configuration need, one per column.
 *
 * @param made - The tasks themselves, which say what kind of label they read.
 */
export function labelsOf(
  tasks: Config['tasks'],
  made: readonly LabelFacts[],
  add: (path: (string | number)[], message: string) => void,
): TaskLabel[] {
  const byColumn = new Map<string, TaskLabel>();
  const whole = new Set<string>();
  (tasks as unknown as TaskConfig[]).forEach((task, index) => {
    const column = task.column ?? task.name;
    const label = labelOf(task, made[index] as LabelFacts, column);
    if (typeof label === 'string') {
      add(['tasks', index, 'type'], label);
      return;
    }
    const other = byColumn.get(column);
    if (other !== undefined && !isDeepStrictEqual(unshifted(other), unshifted(label))) {
      add(
        ['tasks', index],
        `another task reads column \`${column}\` otherwise; give this one a column of its own, by \`sql\``,
      );
    }
    byColumn.set(column, label);
    if (!('shift' in label)) for (const one of columnsOf(label)) whole.add(one);
  });
  // A column is read in one way, so all tasks that read it have to know what is taken off.
  return [...byColumn.values()].map((label) =>
    columnsOf(label).some((one) => whole.has(one)) ? unshifted(label) : label,
  );
}

const columnsOf = (label: TaskLabel) => ('columns' in label ? label.columns : [label.column]);

const unshifted = ({ shift: _, ...label }: TaskLabel): TaskLabel => label;

/** Keys that a task has in a run file, whatever kind of task it is. */
interface TaskConfig {
  readonly name: string;
  readonly column?: string;
  readonly columns?: readonly string[];
  /** Names of classes, or their number. */
  readonly classes?: unknown;
  /** Names of what is said yes or no to. */
  readonly labels?: unknown;
  /** Of classes, or labels in one column: how many rows each must have, what rarer classes become, what is between labels. */
  readonly minCount?: number;
  readonly other?: string;
  readonly separator?: string;
}

/** How a task's labels are read; or why they cannot be. */
function labelOf(task: TaskConfig, made: LabelFacts, column: string): TaskLabel | string {
  const { columns, name } = task;
  const { label, problem, target } = made;
  const values = target.shape.reduce((product, length) => product * length, 1);
  if (label === 'vector' && columns !== undefined) {
    if (task.column !== undefined) return 'a task has `column` or `columns`, not both';
    if (values !== columns.length) return `the task has ${values} values per row, but ${columns.length} columns`;
    return problem === 'classification'
      ? { column: name, columns, kind: 'binary' }
      : { column: name, columns, kind: 'number', ...shifted(made) };
  }
  if (made.type === 'multi-label') return setOf(task, column);
  if (label === undefined && target.shape.length === 0)
    return `a task of type \`${made.type}\` does not say what its labels are in a table; its definition needs \`label\``;
  if (label === undefined || label === 'vector')
    return 'a column of a table has one label per row; several columns are one label by `columns: [names]`, of regression or multi-label';
  if (columns !== undefined) return 'this task reads one column; name it by `column`';
  if (label === 'number') return { column, kind: 'number', ...shifted(made) };
  if (target.dtype === 'float32') return { column, kind: 'binary', ...named(task.labels) };
  const { classes } = task;
  const count = typeof classes === 'number' ? classes : Array.isArray(classes) ? classes.length : 0;
  if (count > mostClasses)
    return `a column of a table has at most ${mostClasses} classes, but \`classes\` asks for ${count}`;
  return {
    column,
    kind: 'class',
    ...rare(task),
    ...named(typeof classes === 'number' ? Array.from({ length: classes }, (_, id) => String(id)) : classes),
  };
}

/** Any number of labels in one column. */
function setOf({ labels, separator, ...task }: TaskConfig, column: string): TaskLabel | string {
  if (typeof labels === 'number')
    return 'the labels of one column are known by their names; name them, or leave `labels` out to take those that training rows have';
  const between = separator === undefined ? {} : { separator };
  return { column, kind: 'set', ...rare(task), ...between, ...named(labels) };
}

const rare = ({ minCount, other }: Pick<TaskConfig, 'minCount' | 'other'>) => ({
  ...(minCount === undefined ? {} : { minCount }),
  ...(other === undefined ? {} : { other }),
});

/** Predictions get back what is taken off the labels, by a task that knows of it. */
const shifted = ({ type }: LabelFacts) => (type === 'regression' ? { shift: true } : {});

const named = (classes: unknown) => (Array.isArray(classes) ? { classes: classes as readonly string[] } : {});

/** What is known of the kinds of the tasks, in their order. */
export type TaskKinds = readonly (PartDescription | undefined)[];

/** Tasks with the names of their classes, where the data said them and the task takes them. */
export function withClasses(
  tasks: Config['tasks'],
  made: readonly LabelFacts[],
  kinds: TaskKinds,
  { labels }: TableEncoding,
): Config['tasks'] {
  return (tasks as unknown as TaskConfig[]).map((task, index) => {
    const ofTask = (task.columns ?? [task.column ?? task.name]).map((name) =>
      labels.find(({ column }) => column === name),
    );
    const offsets = ofTask.map((one) => (one?.kind === 'number' ? (one.offset ?? 0) : 0));
    if (made[index]?.type === 'regression' && offsets.some((offset) => offset !== 0))
      return { ...task, offset: task.columns === undefined ? offsets[0] : offsets };
    const [label] = ofTask;
    const option = made[index]?.target.dtype === 'int32' ? 'classes' : 'labels';
    const asks = task[option] === undefined && Object.hasOwn(kinds[index]?.options ?? {}, option);
    const isNamed = label?.kind === 'set' ? made[index]?.label === 'vector' : label?.kind === 'class';
    return asks && isNamed ? { ...task, [option]: (label as { classes: readonly string[] }).classes } : task;
  }) as unknown as Config['tasks'];
}

/** Tasks with some classes where only the data would say which: enough to look for further mistakes without the data. */
export function assumeClasses(tasks: Config['tasks'], kinds: TaskKinds): Config['tasks'] {
  return (tasks as unknown as TaskConfig[]).map((task, index) => {
    const { classes, separator } = kinds[index]?.options ?? {};
    if (classes?.presence === 'optional') return { classes: 2, ...task };
    return separator !== undefined && task.columns === undefined ? { labels: ['a', 'b'], ...task } : task;
  }) as unknown as Config['tasks'];
}
